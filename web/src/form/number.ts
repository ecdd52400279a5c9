// Counts, shares and ratios as they are read. They come as JSON numbers of few decimals and are only written.
import { language } from '@/state/language'

const formats = new Map<string, Intl.NumberFormat>()

function format(decimals: number, style: 'decimal' | 'percent'): Intl.NumberFormat {
  const locale = language.value === 'zh' ? 'zh-CN' : 'en'
  const key = `${locale} ${style} ${decimals}`
  let found = formats.get(key)
  if (!found) {
    found = new Intl.NumberFormat(locale, { style, minimumFractionDigits: decimals, maximumFractionDigits: decimals })
    formats.set(key, found)
  }
  return found
}

export function countText(value: number | null | undefined): string {
  return value === null || value === undefined ? '—' : format(0, 'decimal').format(value)
}

/** 0.0144 → "1.44%" */
export function shareText(value: number | null | undefined): string {
  return value === null || value === undefined ? '—' : format(2, 'percent').format(value)
}

export function ratioText(value: number | null | undefined): string {
  return value === null || value === undefined ? '—' : format(2, 'decimal').format(value)
}

/** "1.8万", "18K": of a chart's axis only, where place is scarce. */
export function compactText(value: number): string {
  return new Intl.NumberFormat(language.value === 'zh' ? 'zh-CN' : 'en', { notation: 'compact', maximumFractionDigits: 1 }).format(value)
}
