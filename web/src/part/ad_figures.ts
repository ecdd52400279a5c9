// Figures of ads as columns and in drawers; names, units and decimals are those of the catalogue.
import { countText } from '@/form/number'
import { words } from '@/form/words'
import type { Column, Row } from './table'

export const AD_FIGURES = [
  'budget', 'cost', 'plays', 'likes', 'comments', 'shares', 'follows', 'home_visits', 'conversions', 'shown', 'live_clicks',
  'gift_users', 'gift_amount', 'live_comments', 'live_follows', 'gifts', 'completion_5s', 'conversion_cost', 'plays_per_100',
  'like_rate', 'comment_rate', 'share_rate', 'follow_rate', 'shares_per_100', 'budget_used',
] as const
const say = words({
  state: ['数据状态', 'Figures are'],
  provisional: ['暂定（{count} 单）', 'provisional ({count})'],
  settled: ['已定稿', 'final'],
  told: ['有数据的订单', 'Orders with figures'],
  basis: ['统计口径', 'Counted by'],
  created: ['按下单日', 'day placed'],
  spent: ['按消耗日', 'day spent'],
})

/** Which orders ads are counted by. Two numbers, and never one (docs/derive.md). */
export const BASES = ['created', 'spent'] as const
export const basisLabel = () => say('basis')
export const basisText = (basis: (typeof BASES)[number]) => say(basis)

/** Whether a sum may still change, and of how many orders it is; their keys are those of the file. */
export const provenanceColumns: Column[] = [
  {
    key: 'provisional',
    title: () => say('state'),
    as: 'status',
    status: (word) => ({ text: word ?? '—', tone: word === say('settled') ? 'good' : 'wait' }),
    of: (row: Row) => (row.provisional ? say('provisional', { count: countText(row.provisional as number) }) : say('settled')),
    standard: true,
    width: 124,
  },
  { key: 'told', title: () => say('told'), as: 'count', width: 110 },
]
