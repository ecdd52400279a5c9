// Times in a shop's zone, never in that of the browser. Which day it is, only the server knows.
import { said } from './words'

const formats = new Map<string, Intl.DateTimeFormat>()

function format(zone: string | null, seconds: boolean): Intl.DateTimeFormat {
  const key = `${zone} ${seconds}`
  let found = formats.get(key)
  if (!found) {
    // sv-SE writes 2026-01-28 09:49:59, which both languages read.
    found = new Intl.DateTimeFormat('sv-SE', {
      timeZone: zone ?? 'UTC',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: seconds ? '2-digit' : undefined,
    })
    formats.set(key, found)
  }
  return found
}

/** "2026-01-28 09:49"; with ` UTC` behind it where the rows have several zones. */
export function timeText(time: string | null | undefined, zone: string | null, seconds = false): string {
  if (!time) return '—'
  return format(zone, seconds).format(new Date(time)) + (zone ? '' : ' UTC')
}

/** The instant at which a day begins in a zone, as the API takes it. */
export function dayBegins(day: string, zone: string | null): string {
  const wanted = Date.parse(`${day}T00:00:00Z`)
  const shown = (at: number) => Date.parse(`${format(zone, true).format(new Date(at)).replace(' ', 'T')}Z`)
  // Twice: the first step may end on the other side of a change of the clocks.
  let at = wanted - (shown(wanted) - wanted)
  at -= shown(at) - wanted
  return new Date(at).toISOString()
}

/** 754 → "12 小时 34 分钟": the two greatest units. */
export function minutesText(minutes: number): string {
  const parts: [number, string][] = [
    [Math.floor(minutes / 1440), said(['{n} 天', '{n} d'])],
    [Math.floor(minutes / 60) % 24, said(['{n} 小时', '{n} h'])],
    [minutes % 60, said(['{n} 分钟', '{n} min'])],
  ]
  const first = parts.findIndex(([n]) => n > 0)
  if (first < 0) return said(['不到 1 分钟', 'less than a minute'])
  return parts.slice(first, first + 2).filter(([n]) => n > 0).map(([n, text]) => text.replace('{n}', String(n))).join(' ')
}

/** "2026-01-28" → "01-28" */
export function dayShort(day: string): string {
  return day.slice(5)
}

/** A day before or after one, as calendars count. */
export function dayShifted(day: string, by: number): string {
  const date = new Date(`${day}T00:00:00Z`)
  date.setUTCDate(date.getUTCDate() + by)
  return date.toISOString().slice(0, 10)
}

/** "Asia/Shanghai" in words, for whoever wonders which clock that is. */
export function zoneText(zone: string | null): string {
  if (!zone) return 'UTC'
  if (zone === 'Asia/Shanghai') return said(['北京时间', 'Beijing time'])
  return zone
}

/** "2026-01-28T09:49", as a clock in that zone shows it, as a time of the API. */
export function timeOfZone(local: string, zone: string | null): string {
  const wall = Date.parse(`${local}Z`)
  const shown = (at: number) => Date.parse(`${format(zone, true).format(new Date(at)).replace(' ', 'T')}Z`)
  const guess = wall - (shown(wall) - wall)
  // Once more: beside a change of the clock the first guess is of the other side.
  return new Date(guess - (shown(guess) - wall)).toISOString()
}
