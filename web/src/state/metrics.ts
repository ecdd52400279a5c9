// Names of numbers: the server's catalogue (docs/metrics.md), so that a number is called the same everywhere.
import { shallowRef } from 'vue'
import { ask } from '@/api/client'
import type { Metrics } from '@/api/types'
import { language } from './language'

const catalog = shallowRef<Metrics | null>(null)
let asked: Promise<void> | null = null

export function metricsKnown(): Promise<void> {
  asked ??= ask('get', '/metrics').then(
    (told) => void (catalog.value = told),
    (error) => {
      asked = null
      throw error
    },
  )
  return asked
}

export function metric(family: 'ad' | 'trade', name: string) {
  return catalog.value?.[family]?.find((one) => one.name === name)
}

export function metricName(family: 'ad' | 'trade', name: string): string {
  return metric(family, name)?.[language.value] ?? name
}
