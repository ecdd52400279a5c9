// All pages: a line each. A page that is not there has no line, and so no entry in the menu.
import { DataLine, House } from '@element-plus/icons-vue'
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
  { path: '/ad-orders', title: ['投放订单', 'Ad orders'], group: 'orders', icon: DataLine, right: 'viewer', days: false, load: () => import('./ad-orders/AdOrders.vue') },
]

declare module 'vue-router' {
  interface RouteMeta {
    page?: Page
  }
}

export const routes: RouteRecordRaw[] = [
  ...pages.map((page) => ({ path: page.path, component: page.load, meta: { page } })),
  { path: '/:rest(.*)*', component: () => import('@/shell/NotThere.vue') },
]
