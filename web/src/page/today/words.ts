import { words } from '@/form/words'

export const say = words({
  title: ['首页', 'Today'],
  asOf: ['数据完整至 {time}（{zone}）', 'Complete up to {time} ({zone})'],
  asOfUnknown: ['有店铺还没有完整的数据', 'Not every shop has complete data yet'],
  compared: ['对比前一段 {from} 至 {to}', 'compared with {from} to {to}'],
  daysOf: ['{from} 至 {to}', '{from} to {to}'],
  needs: ['需要处理', 'Needs you'],
  needsNothing: ['没有需要你处理的事', 'Nothing needs you'],
  needsMore: ['还有 {count} 项', '{count} more'],
  needsFewer: ['收起', 'Fewer'],
  error: ['紧急', 'urgent'],
  warn: ['留意', 'look'],
  wholeProgram: ['整个程序', 'The program'],
  authorisation_dead: ['授权已失效', 'Authorisation is dead'],
  authorisation_ends: ['授权即将到期', 'Authorisation ends soon'],
  windows_unproved: ['有 {number} 段时间尚未核实', '{number} ranges are not proved'],
  stream_late: ['数据已 {number} 分钟没有更新', 'No news for {number} min'],
  rejects: ['有 {number} 条记录被拒收', '{number} records were refused'],
  task_dead: ['有任务停止重试', 'A task has given up'],
  budget_refused: ['平台拒绝了 {number} 次调用', 'The platform refused {number} calls'],
  derive_drift: ['统计与原始数据有出入', 'Sums do not agree with their rows'],
  nobody_works: ['没有进程在同步', 'Nobody is syncing'],
  sales: ['销售与利润', 'Sales and profit'],
  ads: ['投放', 'Ads'],
  salesNone: ['这段时间没有销售数据', 'No sales of these days'],
  adsNone: ['这段时间没有投放数据', 'No ads of these days'],
  costUnknown: ['{count} 单成本未知，利润不含它们', 'without {count} orders whose cost is unknown'],
  costAllUnknown: ['成本未知，算不出利润', 'Costs are not known'],
  provisional: ['暂定：{count} 单的数据还会变', 'provisional: {count} orders may still change'],
  settled: ['已定稿', 'final'],
  told: ['{told} / {orders} 单已有平台数据', '{told} of {orders} orders have figures'],
  basis: ['统计口径', 'Counted by'],
  created: ['按下单日', 'day placed'],
  spent: ['按消耗日', 'day spent'],
  trend: ['走势', 'Trend'],
  trendNone: ['这段时间没有数据', 'No data of these days'],
  trendOf: ['走势的指标', 'Number of the trend'],
})

const KINDS = [
  'authorisation_dead',
  'authorisation_ends',
  'windows_unproved',
  'stream_late',
  'rejects',
  'task_dead',
  'budget_refused',
  'derive_drift',
  'nobody_works',
] as const

/** What is the matter, in words; a kind that is newer than this page in its own. */
export function kindText(kind: string, number: number | undefined): string {
  const known = KINDS.find((one) => one === kind)
  return known ? say(known, { number: number ?? '' }) : kind
}
