// Columns of whole orders and of their parts; their keys are those of the API and of the file. Names of figures come from the catalogue.
import { tradeStage, tradeStatusOf } from '@/form/status'
import type { Column, Row } from '@/part/table'
import { metricName } from '@/state/metrics'
import { say } from './words'

const SORTS = ['created_at', 'gmv', 'profit_before_ads']
const MONEY = ['gmv', 'refunds', 'net', 'received', 'goods_cost', 'freight', 'commission', 'profit_before_ads'] as const

export const lateText = (value: boolean | null) => (value === null ? '—' : say(value ? 'isLate' : 'inTime'))
export const countsText = (value: boolean | null) => (value === null ? '—' : say(value ? 'countsYes' : 'countsNo'))

const figure = (key: string, as: 'money' | 'count'): Column => ({ key, title: () => metricName('trade', key), as, width: 104 })
const text = (key: string, title: Parameters<typeof say>[0], as: Column['as'] = 'text', width = 110): Column => ({ key, title: () => say(title), as, width })

/** What a part says, beside its own number. */
const said: Column[] = [
  { ...text('stage', 'stage', 'status', 96), status: tradeStage },
  text('sku_name', 'skuName', 'text', 220),
  figure('pieces', 'count'),
  ...MONEY.map((key) => figure(key, 'money')),
  { ...text('late', 'late', 'flag', 84), flag: lateText },
  { ...text('counts', 'counts', 'flag', 88), flag: countsText },
  { ...text('status', 'status', 'text', 120), of: (row) => tradeStatusOf(row) },
  text('sku_id', 'sku', 'id', 206),
  text('sku_code', 'skuCode', 'text', 120),
  text('spu_id', 'spu', 'id', 150),
  text('person', 'person'),
  text('package_id', 'package', 'id', 150),
  text('phone', 'phone', 'text', 124),
  text('contact_name', 'contact'),
  text('poi_name', 'poi', 'text', 160),
  text('poi_id', 'poiId', 'id', 206),
  text('country', 'country'),
  text('region', 'region'),
  text('city', 'city'),
  text('paid_at', 'paid', 'time', 146),
  text('updated_at', 'updated', 'time', 146),
  text('ship_by_at', 'shipBy', 'time', 146),
  text('shipped_at', 'shipped', 'time', 146),
  text('deliver_by_at', 'deliverBy', 'time', 146),
  text('delivered_at', 'delivered', 'time', 146),
  text('unit_price', 'unitPrice', 'money', 100),
  text('pay_amount', 'payAmount', 'money', 104),
  text('unit_cost', 'unitCost', 'money', 100),
]
const shown = (columns: Column[], keys: string[]) => columns.map((column) => ({ ...column, standard: keys.includes(column.key) }))

export const partColumns: Column[] = shown(
  [
    text('order_id', 'part', 'id', 206),
    text('shop', 'shop', 'shop', 120),
    { ...text('created_at', 'created', 'time', 150) },
    ...said,
    text('parent_id', 'ofOrder', 'id', 206),
    text('day', 'day', 'day', 104),
    text('currency', 'currency', 'text', 76),
  ],
  'order_id shop created_at stage sku_name pieces gmv refunds received goods_cost profit_before_ads late'.split(' '),
).map((column) => ({ ...column, sorts: SORTS.includes(column.key) }))

const partsOf = (row: Row) => row.parts as Row[]
const together = (column: Column): Column => ({ ...column, key: `together.${column.key}`, of: (row) => (row.together as Row | null | undefined)?.[column.key] ?? null })
const ofParts = (column: Column): Column => ({ ...column, key: `parts.${column.key}`, lines: partsOf, of: column.of ?? ((part) => part[column.key]) })

export const orderColumns: Column[] = shown(
  [
    text('order_id', 'order', 'id', 206),
    text('shop', 'shop', 'shop', 120),
    { ...text('created_at', 'created', 'time', 150), sorts: true },
    ...said.filter((column) => ['stage', 'sku_name'].includes(column.key)).map(ofParts),
    ...[figure('pieces', 'count'), ...MONEY.slice(0, 4).map((key) => figure(key, 'money'))].map(together),
    ...[text('order_id', 'part', 'id', 206), ...said.filter((column) => !['stage', 'sku_name'].includes(column.key))].map(ofParts).map((column) => ({
      ...column,
      title: ['pieces', ...MONEY].some((key) => column.key === `parts.${key}`) ? () => `${say('parts')} · ${column.title()}` : column.title,
    })),
    text('day', 'day', 'day', 104),
    text('currency', 'currency', 'text', 76),
  ],
  'order_id shop created_at parts.stage parts.sku_name together.pieces together.gmv together.refunds together.net together.received parts.late'.split(' '),
)
