import { words } from '@/form/words'

export const say = words({
  title: ['预估回款', 'Expected payment'],
  how: [
    '每笔已签收订单：实收 − 退款，在签收日加店铺的结算天数（没有设置时为 8 天）那一天到账。到今天为止应到账的算已到期，其余待到期。',
    'Of each delivered order: received − refunds, due on the day of delivery plus the shop’s settlement days (8 where nobody says otherwise). What is due today or before counts as collected, the rest is pending.',
  ],
  notBank: ['这是按订单推算的金额，不是平台或银行的入账记录。', 'This is worked out of the orders; it is no record of the platform or the bank.'],
  amount: ['合计', 'In all'],
  collected: ['已到期', 'Collected'],
  pending: ['待到期', 'Pending'],
  parts: ['{count} 笔已签收', '{count} delivered'],
  unknown: ['{count} 笔金额未知，未计入', '{count} of unknown amount are not in it'],
  from: ['到账从', 'Due from'],
  to: ['到', 'to'],
  all: ['全部日期', 'All days'],
  day: ['到期日', 'Due on'],
  shop: ['店铺', 'Shop'],
  deliveries: ['笔数', 'Orders'],
  unknownColumn: ['金额未知', 'Amount unknown'],
  sum: ['金额', 'Amount'],
  state: ['状态', 'State'],
  currency: ['币种', 'Currency'],
  none: ['没有已签收的订单在这些天到期', 'No delivered order is due on these days'],
  table: ['按到期日和店铺', 'By due day and shop'],
})
