// Columns of figures: named, written and sorted as the catalogue of metrics has them.
import { metric, metricName } from '@/state/metrics'
import type { Column } from './table'

const AS = { money: 'money', count: 'count', share: 'share', number: 'ratio' } as const

export function figureColumn(family: 'ad' | 'trade', name: string, more: Partial<Pick<Column, 'sorts' | 'standard' | 'width'>> = {}): Column {
  return {
    key: name,
    title: () => metricName(family, name),
    get as() {
      return AS[metric(family, name)?.unit ?? 'count']
    },
    width: 104,
    ...more,
  }
}
