import { words } from '@/form/words'

export const say = words({
  title: ['爆单榜', 'Hot sellers'],
  lead: ['一个月里谁卖得最多、什么卖得最多', 'Who and what sold most in a month'],
  period: ['{from} 至 {to}', '{from} to {to}'],
  asOf: ['数据完整至 {time}（{zone}）', 'Complete up to {time} ({zone})'],
  month: ['月份', 'Month'],
  of: ['排谁', 'Ranked'],
  by: ['按什么排', 'By'],
  person: ['负责人', 'Persons'],
  sku: ['SKU', 'SKUs'],
  spu: ['SPU', 'SPUs'],
  shop: ['店铺', 'Shops'],
  nobody: ['未指定负责人', 'nobody in charge'],
  noId: ['没有编号', 'without a number'],
  place: ['名次', 'Place'],
  who: ['名称', 'Name'],
  number: ['编号', 'Number'],
  none: ['这个月没有销售', 'Nothing was sold in this month'],
  more: ['再看 20 名', '20 more places'],
  moreFailed: ['没能取到：{why}', 'Could not be read: {why}'],
  placeOf: ['第 {place} 名', 'Place {place}'],
})
