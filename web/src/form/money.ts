// Amounts as they are read. An amount is digits from the API to the screen: nothing here makes a number of it.
import type { Money } from '@/api/types'

const SIGNS: Record<string, string> = { CNY: '¥', USD: '$', EUR: '€', GBP: '£', JPY: '¥', HKD: 'HK$', TWD: 'NT$' }

function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ',')
}

/** "-1234.50" → "-1,234.50" */
export function digitsGrouped(text: string): string {
  const [, sign = '', whole = '', rest = ''] = /^(-?)(\d+)(\.\d+)?$/.exec(text) ?? []
  return whole ? sign + grouped(whole) + rest : text
}

/** "¥1,234.50", "−$3.00"; "—" where it is not known. */
export function moneyText(money: Money | null | undefined): string {
  if (!money) return '—'
  const text = digitsGrouped(money.text)
  const sign = SIGNS[money.currency ?? ''] ?? (money.currency ? `${money.currency} ` : '')
  return text.startsWith('-') ? `−${sign}${text.slice(1)}` : sign + text
}

/** As a chart draws it: pixels need no cents. Never shown as text. */
export function moneyHeight(money: Money | null | undefined): number | null {
  return money ? Number(money.text) : null
}

/** Exact digits as an integer of their last decimal. */
function scaled(text: string, decimals: number): bigint {
  const [whole = '0', rest = ''] = text.split('.')
  return BigInt(whole + rest.padEnd(decimals, '0'))
}

const decimalsOf = (text: string) => text.split('.')[1]?.length ?? 0

/** How much more than before, in tenths of a percent, half away from zero; null where there is nothing to compare with. */
export function change(now: string, before: string): bigint | null {
  const decimals = Math.max(decimalsOf(now), decimalsOf(before))
  const a = scaled(now, decimals)
  const b = scaled(before, decimals)
  if (b === 0n) return null
  const size = b < 0n ? -b : b
  const twice = (a - b) * 2000n
  return twice >= 0n ? (twice + size) / (2n * size) : -((-twice + size) / (2n * size))
}

/** 123n → "12.3%" */
export function changeText(tenths: bigint): string {
  const size = tenths < 0n ? -tenths : tenths
  return `${grouped(String(size / 10n))}.${size % 10n}%`
}
