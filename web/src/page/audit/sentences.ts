// What each action means, as a sentence. An action that is newer than this page is shown by its own name.
import type { AuditPage } from '@/api/types'
import { said, type Two } from '@/form/words'
import { shopName } from '@/state/me'
import { say } from './words'

export type Line = AuditPage['items'][number]

const CONSOLE = 'console'
const ACTIONS: Record<string, [short: Two, sentence: Two]> = {
  'user.add': [['添加用户', 'add a user'], ['{who} 添加了用户“{subject}”', '{who} added the user “{subject}”']],
  'user.change': [['修改用户', 'change a user'], ['{who} 修改了用户“{subject}”的权限', '{who} changed what the user “{subject}” may do']],
  'user.password': [['设置密码', 'set a password'], ['{who} 设置了用户“{subject}”的密码', '{who} set the password of “{subject}”']],
  'user.remove': [['移除用户', 'remove a user'], ['{who} 移除了用户“{subject}”', '{who} removed the user “{subject}”']],
  'user.disable': [['停用用户', 'disable a user'], ['{who} 停用了用户“{subject}”', '{who} disabled the user “{subject}”']],
  'user.enable': [['启用用户', 'enable a user'], ['{who} 重新启用了用户“{subject}”', '{who} enabled the user “{subject}” again']],
  'session.end': [['退出登录', 'end a session'], ['{who} 退出了“{subject}”在别处的登录', '{who} ended a session of “{subject}”']],
  'token.add': [['新建令牌', 'make a token'], ['{who} 新建了令牌“{subject}”', '{who} made the token “{subject}”']],
  'token.remove': [['收回令牌', 'take back a token'], ['{who} 收回了令牌 {subject}', '{who} took back the token {subject}']],
  'app.add': [['添加应用', 'add an app'], ['{who} 添加了开发者应用“{subject}”', '{who} added the app “{subject}”']],
  'app.rotate': [['更换应用密钥', 'change an app’s key'], ['{who} 更换了应用 {subject} 的密钥', '{who} changed the credentials of the app {subject}']],
  'shop.add': [['添加店铺', 'add a shop'], ['{who} 添加了店铺“{subject}”', '{who} added the shop “{subject}”']],
  'shop.edit': [['修改店铺', 'change a shop'], ['{who} 修改了店铺“{shop}”', '{who} changed the shop “{shop}”']],
  'shop.enable': [['启用店铺', 'enable a shop'], ['{who} 启用了店铺“{shop}”', '{who} enabled the shop “{shop}”']],
  'shop.disable': [['停用店铺', 'disable a shop'], ['{who} 停用了店铺“{shop}”', '{who} disabled the shop “{shop}”']],
  'shop.unbind': [['解绑店铺', 'unbind a shop'], ['{who} 解绑了店铺“{subject}”', '{who} unbound the shop “{subject}”']],
  'shop.authorize.ask': [['发起授权', 'begin an authorisation'], ['{who} 打开了 {subject} 的授权页面', '{who} opened the consent page of {subject}']],
  'shop.authorize': [['完成授权', 'authorise'], ['{who} 完成了 {subject} 的授权', '{who} came back from the consent page of {subject}']],
  'shop.ads_of': [['指定投放归属', 'say whose ads'], ['{who} 指定了投放账户“{shop}”的消耗属于哪个门店', '{who} said for which store the ads of “{shop}” are']],
  pause: [['暂停', 'pause'], ['{who} 暂停了{where}', '{who} paused {where}']],
  resume: [['恢复', 'resume'], ['{who} 恢复了{where}', '{who} resumed {where}']],
  'sync.ask': [['发起同步', 'ask for a sync'], ['{who} 发起了同步 {subject}', '{who} asked for the sync {subject}']],
  'sync.cancel': [['取消同步', 'cancel a sync'], ['{who} 取消了同步 {subject}', '{who} cancelled the sync {subject}']],
  'task.retry': [['重试任务', 'retry a task'], ['{who} 让任务 {subject} 重新尝试', '{who} gave the task {subject} all its tries again']],
  'task.cancel': [['取消任务', 'take back a task'], ['{who} 取消了任务 {subject}', '{who} took back the task {subject}']],
  'reject.replay': [['重试拒收记录', 'replay a reject'], ['{who} 重试了被拒收的记录 {subject}', '{who} tried the refused record {subject} again']],
  import: [['导入文件', 'import a file'], ['{who} 为店铺“{shop}”导入了文件（{subject}）', '{who} imported a file ({subject}) for the shop “{shop}”']],
  'cost.set': [['设置成本', 'set a cost'], ['{who} 设置了 {sku} 的成本', '{who} said what {sku} costs']],
  'cost.remove': [['删除成本', 'remove a cost'], ['{who} 删除了 {sku} 的一条成本', '{who} removed a cost of {sku}']],
  'rate.set': [['设置汇率', 'set a rate'], ['{who} 设置了汇率 {subject}', '{who} set the exchange rate {subject}']],
  'rate.remove': [['删除汇率', 'remove a rate'], ['{who} 删除了汇率 {subject}', '{who} removed the exchange rate {subject}']],
  'person.set': [['设置负责人', 'set a person in charge'], ['{who} 设置了 {sku} 的负责人', '{who} said who is in charge of {sku}']],
  'view.add': [['保存视图', 'save a view'], ['{who} 保存了视图“{subject}”', '{who} saved the view “{subject}”']],
  'view.change': [['修改视图', 'change a view'], ['{who} 修改了视图“{subject}”', '{who} changed the view “{subject}”']],
  'view.remove': [['删除视图', 'remove a view'], ['{who} 删除了视图 {subject}', '{who} removed the view {subject}']],
  'personal.reveal': [['查看个人信息', 'reveal personal data'], ['{who} 查看了订单 {subject} 的个人信息', '{who} looked at the personal data of the order {subject}']],
  'personal.search': [['按个人信息查找', 'find by personal data'], ['{who} 按{what}查找了订单', '{who} looked for orders by {what}']],
  'original.reveal': [['查看原始记录', 'see an original record'], ['{who} 查看了订单 {subject} 的原始记录', '{who} looked at the original record of the order {subject}']],
}
const SEARCHED: Record<string, Two> = { phone: ['电话', 'phone number'], contact_name: ['姓名', 'name'] }
const EVERYTHING: Two = ['全部同步', 'everything']
const SEVERAL: Two = ['多个 SKU', 'several SKUs']

export const actionNames = Object.keys(ACTIONS)

export function actionText(action: string): string {
  const known = ACTIONS[action]
  return known ? said(known[0]) : action
}

export const whoText = (line: Line) => (line.user === CONSOLE && line.user_id === null ? say('console') : line.user)

export function sentence(line: Line): string {
  const known = ACTIONS[line.action]
  const shop = line.shop ? shopName(line.shop) : line.subject
  const searched = SEARCHED[line.subject]
  return said(known?.[1] ?? ['{who}：{action} {subject}', '{who}: {action} {subject}'], {
    who: whoText(line),
    action: line.action,
    subject: line.subject,
    shop,
    where: line.subject === 'everything' ? said(EVERYTHING) : shop,
    sku: line.subject === 'several' ? said(SEVERAL) : line.subject,
    what: searched ? said(searched) : line.subject,
  })
}

export interface Change {
  field: string
  before: string | null
  after: string | null
}

const FIELDS = [
  'role', 'reveals', 'all_shops', 'shops', 'disabled', 'days', 'user_id', 'platform', 'name', 'external_id', 'zone', 'since', 'proxy',
  'person', 'settings', 'mode', 'streams', 'ids', 'rate', 'cost', 'store', 'with_rows', 'filters', 'columns', 'sort', 'widths',
] as const

function fieldText(name: string): string {
  const known = FIELDS.find((one) => one === name)
  return known ? say(known) : name
}

function valueText(name: string, value: unknown): string | null {
  if (value === undefined || value === null) return null
  if (typeof value === 'boolean') return value ? say('yes') : say('no')
  if (name === 'shops' && Array.isArray(value)) return value.map((one) => shopName(String(one))).join(', ') || '—'
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** What stood before and after, a line each; of two the same nothing is said. */
export function changes(line: Line): Change[] {
  const members = (of: Line['before']) => (Array.isArray(of) ? Object.fromEntries(of.map((one, at) => [`${at + 1}`, one])) : (of ?? {}))
  const before = members(line.before)
  const after = members(line.after)
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .map((name) => ({ field: fieldText(name), before: valueText(name, before[name]), after: valueText(name, after[name]) }))
    .filter((one) => one.before !== one.after)
}
