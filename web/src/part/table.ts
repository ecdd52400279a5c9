// What a page says of a list, and what the table remembers of it. DataTable.vue shows it.
import { moneyText } from '@/form/money'
import { countText, ratioText, shareText } from '@/form/number'
import { timeText } from '@/form/time'
import { shopName, shopZone } from '@/state/me'
import type { Money } from '@/api/types'
import type { Tone } from '@/form/status'

export type Row = Record<string, unknown>
export interface Column {
  key: string
  title: () => string
  as: 'text' | 'id' | 'shop' | 'time' | 'day' | 'money' | 'count' | 'share' | 'ratio' | 'status' | 'flag'
  /** Whether the API sorts by it; the name is the column's key. */
  sorts?: boolean
  /** Pixels, where the reader has not said otherwise. */
  width?: number
  /** Shown before the reader has chosen columns. */
  standard?: boolean
  status?: (word: string | null) => { text: string; tone: Tone }
  flag?: (value: boolean | null) => string
  /** Where its value is not the row's member of that key. */
  of?: (row: Row) => unknown
  /** A line for each of these rows instead of one value. */
  lines?: (row: Row) => Row[]
}
/** As many lines are shown in a cell; the drawer has all. */
export const LINES_MAX = 5
export interface Page {
  items: Row[]
  next: string | null
  total: number | null
  as_of: string | null
  zone: string | null
}
export interface Order {
  key: string
  down: boolean
}

const SORTS_MAX = 3
export const isNumber = (column: Column) => ['money', 'count', 'share', 'ratio'].includes(column.as)

export const cellValue = (column: Column, row: Row): unknown => (column.of ? column.of(row) : row[column.key])

/** `zone`: of rows that are of no one shop. */
export function cellText(column: Column, row: Row, zone: string | null = null): string {
  const value = cellValue(column, row)
  if (column.as === 'flag') return column.flag?.((value ?? null) as boolean | null) ?? String(value)
  if (value === null || value === undefined) return '—'
  switch (column.as) {
    case 'money':
      return moneyText(value as Money)
    case 'count':
      return countText(value as number)
    case 'share':
      return shareText(value as number)
    case 'ratio':
      return ratioText(value as number)
    case 'time':
      return timeText(value as string, shopZone(String(row.shop)) ?? zone)
    case 'shop':
      return shopName(value as string)
    case 'status':
      return column.status?.(value as string).text ?? String(value)
    default:
      return String(value)
  }
}

/** "-cost,created_at" */
export function orderRead(text: string): Order[] {
  return text
    .split(',')
    .filter((word) => word !== '')
    .map((word) => ({ key: word.replace(/^-/, ''), down: word.startsWith('-') }))
}

export function orderWrite(order: Order[]): string {
  return order.map((one) => (one.down ? '-' : '') + one.key).join(',')
}

/** A click: down, up, not at all. `adds`: beside what is sorted already. */
export function orderTurned(order: Order[], key: string, adds: boolean): Order[] {
  const before = order.find((one) => one.key === key)
  const next = !before ? { key, down: true } : before.down ? { key, down: false } : null
  if (!adds) return next ? [next] : []
  const kept = order.filter((one) => one.key !== key)
  if (before) return next ? order.map((one) => (one.key === key ? next : one)) : kept
  return next && kept.length < SORTS_MAX ? [...kept, next] : order
}
