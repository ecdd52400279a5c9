// The platforms' words for states in both languages. A word that is not here is shown as the platform wrote it.
import { shopPlatform } from '@/state/me'
import { said, type Two } from './words'

export type Tone = 'good' | 'busy' | 'bad' | 'off' | 'wait'

const AD_ORDER: Record<string, [Two, Tone]> = {
  UNPAID: [['未支付', 'Unpaid'], 'wait'],
  AUDITING: [['审核中', 'In review'], 'wait'],
  AUDIT_PAUSE: [['审核暂停', 'Review paused'], 'wait'],
  AUDIT_REJECTED: [['审核不通过', 'Rejected'], 'bad'],
  OFFLINE_AUDIT: [['审核下线', 'Taken down'], 'bad'],
  WAIT_TO_START: [['待投放', 'Waiting to start'], 'wait'],
  TIME_NO_REACH: [['未到投放时间', 'Not yet time'], 'wait'],
  DELIVERING: [['投放中', 'Delivering'], 'busy'],
  DELIVERIED: [['已完成', 'Finished'], 'good'],
  DELIVERED: [['已完成', 'Finished'], 'good'],
  UNDELIVERIED: [['投放终止', 'Ended early'], 'off'],
  UNDELIVERED: [['投放终止', 'Ended early'], 'off'],
}

/** Words that a filter offers: one for each meaning, all spellings of it behind it. */
export function adOrderStatuses(): { text: string; values: string[] }[] {
  const found = new Map<string, string[]>()
  for (const [word, [two]] of Object.entries(AD_ORDER)) {
    const text = said(two)
    found.set(text, [...(found.get(text) ?? []), word])
  }
  return [...found].map(([text, values]) => ({ text, values }))
}

export function adOrderStatus(word: string | null): { text: string; tone: Tone } {
  const known = word === null ? undefined : AD_ORDER[word]
  return known ? { text: said(known[0]), tone: known[1] } : { text: word ?? '—', tone: 'off' }
}

// What the platforms' words come to, as manifests translate them (docs/manifest.md).
const STAGE: Record<string, [Two, Tone]> = {
  placed: [['待支付', 'To be paid'], 'wait'],
  paid: [['已支付', 'Paid'], 'busy'],
  processing: [['待发货', 'To be shipped'], 'busy'],
  shipped: [['已发货', 'Shipped'], 'busy'],
  delivered: [['已送达', 'Delivered'], 'good'],
  done: [['已完成', 'Done'], 'good'],
  cancelled: [['已取消', 'Cancelled'], 'off'],
  refunded: [['已退款', 'Refunded'], 'bad'],
}

export const tradeStages = () => Object.entries(STAGE).map(([value, [two]]) => ({ value, text: said(two) }))

export function tradeStage(word: string | null): { text: string; tone: Tone } {
  const known = STAGE[word ?? '']
  return known ? { text: said(known[0]), tone: known[1] } : { text: word || '—', tone: 'off' }
}

// Numbers that a platform has for its states, in words; the number stays beside them, for that is what filters take.
const TRADE: Record<string, Record<string, Two>> = {
  'douyin-life': {
    0: ['初始', 'begun'],
    100: ['待支付', 'to be paid'],
    101: ['支付取消', 'payment cancelled'],
    200: ['支付成功', 'paid'],
    201: ['待使用', 'to be used'],
    1: ['已完成', 'finished'],
    2: ['已完成', 'finished'],
    3: ['退款中', 'refund asked for'],
    4: ['已退款', 'refunded'],
  },
}

export function tradeStatusOf(row: { shop?: unknown; status?: unknown }): string | null {
  if (typeof row.status !== 'string') return null
  const known = TRADE[shopPlatform(String(row.shop)) ?? '']?.[row.status]
  return known ? `${row.status} ${said(known)}` : row.status
}
