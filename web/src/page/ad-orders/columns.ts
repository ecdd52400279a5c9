// Columns of ad orders; their keys are those of the API. Names of figures come from the catalogue.
import { adOrderStatus } from '@/form/status'
import type { Column } from '@/part/table'
import { metric, metricName } from '@/state/metrics'
import { say } from './words'

const SORTS = new Set(
  ('created_at budget cost plays likes comments shares follows conversions conversion_cost plays_per_100 share_rate' + ' completion_5s').split(' '),
)
const STANDARD = new Set(['cost', 'plays', 'likes', 'shares', 'conversions', 'conversion_cost', 'plays_per_100', 'completion_5s'])
const FIGURES = [
  'budget', 'cost', 'plays', 'likes', 'comments', 'shares', 'follows', 'home_visits', 'conversions', 'shown', 'live_clicks',
  'gift_users', 'gift_amount', 'live_comments', 'live_follows', 'gifts', 'completion_5s', 'conversion_cost', 'plays_per_100',
  'like_rate', 'comment_rate', 'share_rate', 'follow_rate', 'shares_per_100', 'budget_used',
] as const
const AS = { money: 'money', count: 'count', share: 'share', number: 'ratio' } as const

function figure(name: string): Column {
  return {
    key: name,
    title: () => metricName('ad', name),
    get as() {
      return AS[metric('ad', name)?.unit ?? 'count']
    },
    sorts: SORTS.has(name),
    standard: STANDARD.has(name) || name === 'budget',
    width: 104,
  }
}

export const finalText = (value: boolean | null) => (value === null ? '—' : value ? say('isFinal') : say('isProvisional'))

export const columns: Column[] = [
  { key: 'order_id', title: () => say('order'), as: 'id', standard: true, width: 184 },
  { key: 'title', title: () => say('titleColumn'), as: 'text', standard: true, width: 220 },
  { key: 'status', title: () => say('status'), as: 'status', status: adOrderStatus, standard: true, width: 112 },
  { key: 'shop', title: () => say('shop'), as: 'shop', standard: true, width: 120 },
  { key: 'created_at', title: () => say('created'), as: 'time', sorts: true, standard: true, width: 150 },
  ...FIGURES.map(figure),
  { key: 'final', title: () => say('final'), as: 'flag', flag: finalText, standard: true, width: 104 },
  { key: 'figures_at', title: () => say('figuresAt'), as: 'time', width: 150 },
  { key: 'item_id', title: () => say('video'), as: 'id', width: 196 },
  { key: 'task_id', title: () => say('task'), as: 'id', width: 196 },
  { key: 'author_name', title: () => say('author'), as: 'text', width: 140 },
  { key: 'scene', title: () => say('scene'), as: 'text', width: 110 },
  { key: 'ended_at', title: () => say('ended'), as: 'time', width: 150 },
  { key: 'delivery_hours', title: () => say('hours'), as: 'text', width: 96 },
  { key: 'renew_count', title: () => say('renewals'), as: 'count', width: 96 },
  { key: 'currency', title: () => say('currency'), as: 'text', width: 84 },
]

/** What the drawer tells as figures. */
export const figureNames = FIGURES
