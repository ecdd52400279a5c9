// What a table of sales has, by what it is made.
import { figureColumn } from '@/part/figures'
import type { Column } from '@/part/table'
import { say } from './words'

export const BY = ['day', 'week', 'month', 'shop', 'sku', 'spu', 'person'] as const
export type By = (typeof BY)[number]
export const isWhole = (by: By) => by === 'day' || by === 'week' || by === 'month'
/** Ads are of a shop's day, of no SKU and no person. */
export const hasAds = (by: By) => isWhole(by) || by === 'shop'

const FIGURES = [
  'orders', 'pieces', 'gmv', 'refunds', 'net', 'received', 'average_order', 'goods_cost', 'freight', 'commission', 'profit_before_ads', 'ad_spend',
  'profit', 'margin', 'roi', 'cost_unknown', 'cancelled', 'shipped', 'late', 'delay_rate',
]
const OF_ADS = new Set(['ad_spend', 'profit', 'margin', 'roi'])
const STANDARD = new Set(['orders', 'pieces', 'gmv', 'refunds', 'net', 'average_order', 'ad_spend', 'profit', 'roi', 'cost_unknown'])

const NAME: Column = { key: 'name', title: () => say('name'), as: 'text', standard: true }
const DIMENSION: Record<By, Column[]> = {
  day: [{ key: 'day', title: () => say('day'), as: 'day', standard: true }],
  week: [
    { key: 'week', title: () => say('week'), as: 'text', standard: true },
    { key: 'from', title: () => say('from'), as: 'day', standard: true },
    { key: 'to', title: () => say('to'), as: 'day', standard: true },
  ],
  month: [{ key: 'month', title: () => say('month'), as: 'text', standard: true }],
  shop: [{ key: 'shop', title: () => say('shop'), as: 'shop', standard: true }],
  sku: [{ key: 'sku_id', title: () => say('sku'), as: 'id', standard: true }, NAME],
  spu: [{ key: 'spu_id', title: () => say('spu'), as: 'id', standard: true }, NAME],
  person: [{ key: 'person', title: () => say('person'), as: 'text', standard: true }],
}

export function columnsBy(by: By): Column[] {
  const figures = FIGURES.filter((name) => hasAds(by) || !OF_ADS.has(name))
  return [
    ...DIMENSION[by],
    ...figures.map((name) =>
      figureColumn('trade', name, { sorts: true, standard: STANDARD.has(name) || (name === 'profit_before_ads' && !hasAds(by)) }),
    ),
    { key: 'currency', title: () => say('currency'), as: 'text' },
  ]
}
