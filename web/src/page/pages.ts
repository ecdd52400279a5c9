// All pages: a line each. A page that is not there has no line, and so no entry in the menu.
import {
  Coin, Connection, DataLine, Film, House, Money, Notebook, OfficeBuilding, Refresh, Setting, Shop, ShoppingCart, Tickets, TrendCharts, Trophy, User,
} from '@element-plus/icons-vue'
import type { Component } from 'vue'
import type { RouteRecordRaw } from 'vue-router'
import type { Two } from '@/form/words'
import type { Right } from '@/state/me'

export type GroupName = 'board' | 'orders' | 'business' | 'sync' | 'manage'
export interface Page {
  path: string
  title: Two
  group: GroupName
  icon: Component
  right: Right
  /** Whether the days that are picked above are its days. */
  days: boolean
  /** False: it is of no shops, and they are not picked above. */
  shops?: false
  load: () => Promise<Component>
}

export const groups: Record<GroupName, Two> = {
  board: ['看板', 'Overview'],
  orders: ['订单', 'Orders'],
  business: ['经营', 'Business'],
  sync: ['同步', 'Sync'],
  manage: ['管理', 'Manage'],
}

export const pages: Page[] = [
  { path: '/', title: ['首页', 'Today'], group: 'board', icon: House, right: 'viewer', days: true, load: () => import('./today/Today.vue') },
  { path: '/overview', title: ['账户概览', 'Shop overview'], group: 'board', icon: Shop, right: 'viewer', days: true, load: () => import('./overview/Overview.vue') },
  { path: '/ad-orders', title: ['投放订单', 'Ad orders'], group: 'orders', icon: DataLine, right: 'viewer', days: false, load: () => import('./ad-orders/AdOrders.vue') },
  { path: '/trade-orders', title: ['交易订单', 'Trade orders'], group: 'orders', icon: ShoppingCart, right: 'viewer', days: false, load: () => import('./trade-orders/TradeOrders.vue') },
  { path: '/videos', title: ['视频', 'Videos'], group: 'orders', icon: Film, right: 'viewer', days: true, load: () => import('./videos/Videos.vue') },
  { path: '/sales', title: ['销售', 'Sales'], group: 'business', icon: TrendCharts, right: 'viewer', days: true, load: () => import('./sales/Sales.vue') },
  { path: '/hot-sellers', title: ['爆单榜', 'Hot sellers'], group: 'business', icon: Trophy, right: 'viewer', days: false, load: () => import('./hot-sellers/HotSellers.vue') },
  { path: '/costs', title: ['成本', 'Costs'], group: 'business', icon: Tickets, right: 'viewer', days: true, load: () => import('./costs/Costs.vue') },
  { path: '/profit', title: ['利润', 'Profit'], group: 'business', icon: Coin, right: 'viewer', days: true, load: () => import('./profit/Profit.vue') },
  { path: '/expected-payments', title: ['预估回款', 'Expected payment'], group: 'business', icon: Money, right: 'viewer', days: false, load: () => import('./expected-payments/ExpectedPayments.vue') },
  { path: '/syncs', title: ['同步中心', 'Sync centre'], group: 'sync', icon: Refresh, right: 'viewer', days: false, load: () => import('./syncs/Syncs.vue') },
  { path: '/shops', title: ['店铺', 'Shops'], group: 'sync', icon: OfficeBuilding, right: 'viewer', days: false, load: () => import('./shops/Shops.vue') },
  { path: '/platforms', title: ['平台', 'Platforms'], group: 'sync', icon: Connection, right: 'viewer', days: false, shops: false, load: () => import('./platforms/Platforms.vue') },
  { path: '/users', title: ['用户与权限', 'Users and roles'], group: 'manage', icon: User, right: 'admin', days: false, shops: false, load: () => import('./users/Users.vue') },
  { path: '/audit', title: ['审计日志', 'Audit'], group: 'manage', icon: Notebook, right: 'admin', days: false, shops: false, load: () => import('./audit/Audit.vue') },
  { path: '/settings', title: ['设置', 'Settings'], group: 'manage', icon: Setting, right: 'admin', days: false, shops: false, load: () => import('./settings/Settings.vue') },
]

declare module 'vue-router' {
  interface RouteMeta {
    page?: Page
  }
}

export const routes: RouteRecordRaw[] = [
  ...pages.map((page) => ({ path: page.path, component: page.load, meta: { page } })),
  // The platform sends the browser here after a consent (src/api/page.c gives it the page).
  { path: '/api/v1/oauth/callback', component: () => import('./shops/Consent.vue') },
  { path: '/:rest(.*)*', component: () => import('@/shell/NotThere.vue') },
]
