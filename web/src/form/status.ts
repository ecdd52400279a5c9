// The platforms' words for states in both languages. A word that is not here is shown as the platform wrote it.
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
