// Names of streams, kinds of tasks and states of syncs, as a shop owner reads them. What is not known is shown as the program calls it.
import type { Tone } from './status'
import { said, type Two } from './words'

const STREAMS: Record<string, Two> = {
  ad_orders: ['投放订单', 'Ad orders'],
  ad_figures: ['投放数据', 'Figures of ads'],
  orders: ['交易订单', 'Trade orders'],
}
const KINDS: Record<string, Two> = {
  window: ['读一个窗口', 'a window'],
  pass: ['一轮更新', 'a round'],
  ask: ['安排同步', 'planning a sync'],
  ids: ['按单号读取', 'single records'],
  decrypt: ['解密', 'deciphering'],
  revisit: ['复查未完订单', 'open orders again'],
  figures: ['投放数据', 'figures of ads'],
  import: ['导入文件', 'a file'],
  derive: ['统计', 'sums'],
  derive_audit: ['核对统计', 'sums checked'],
  prune: ['清理过期记录', 'cleaning up'],
}
export const SYNC_TONES: Record<string, Tone> = { waiting: 'wait', running: 'busy', done: 'good', unproved: 'wait', failed: 'bad', cancelled: 'off' }

export function streamText(stream: string | null): string {
  const known = stream === null ? undefined : STREAMS[stream]
  return known ? said(known) : (stream ?? '—')
}

export function taskKindText(kind: string): string {
  const known = KINDS[kind]
  return known ? said(known) : kind
}
