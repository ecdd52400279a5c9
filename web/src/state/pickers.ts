// What is looked at: which shops, which days. It stands in the address, so that a link shows the same and back goes back; the
// last choice of days is where the next visit starts.
import { computed } from 'vue'
import { useRoute, useRouter, type LocationQueryValue } from 'vue-router'
import { keep, kept } from './kept'

export const PERIODS = ['today', '7d', '30d', 'all'] as const
export type Period = (typeof PERIODS)[number] | 'range'

type Words = LocationQueryValue | LocationQueryValue[] | undefined

export function listOf(value: Words): string[] {
  return (Array.isArray(value) ? value : [value]).filter((one): one is string => !!one)
}

export function textOf(value: Words): string {
  return listOf(value)[0] ?? ''
}

const isDay = (text: string) => /^\d{4}-\d\d-\d\d$/.test(text)

function periodOf(value: Words): (typeof PERIODS)[number] {
  const said = textOf(value) || kept('period')
  return PERIODS.find((one) => one === said) ?? '7d'
}

export function usePickers() {
  const route = useRoute()
  const router = useRouter()

  const shops = computed(() => listOf(route.query.shop))
  const from = computed(() => (isDay(textOf(route.query.from)) ? textOf(route.query.from) : ''))
  const to = computed(() => (isDay(textOf(route.query.to)) ? textOf(route.query.to) : ''))
  const period = computed<Period>(() => (from.value || to.value ? 'range' : periodOf(route.query.period)))

  /** As the API's routes of days take it. */
  const asked = computed(() => ({
    shop: shops.value,
    ...(period.value === 'range'
      ? { from: from.value || undefined, to: to.value || undefined }
      : { period: period.value }),
  }))

  function put(changes: Record<string, string | string[] | undefined>) {
    const query = { ...route.query, ...changes }
    for (const name of Object.keys(query)) if (!query[name]?.length) delete query[name]
    void router.push({ query })
  }

  return {
    shops,
    period,
    from,
    to,
    asked,
    chooseShops: (chosen: string[]) => put({ shop: chosen }),
    choosePeriod(chosen: (typeof PERIODS)[number]) {
      keep('period', chosen)
      put({ period: chosen, from: undefined, to: undefined })
    },
    chooseDays: (first: string, last: string) => put({ period: undefined, from: first, to: last }),
  }
}

/** What goes along when one goes to another page. */
export function carried(query: Record<string, Words>): Record<string, string[]> {
  return Object.fromEntries(['shop', 'period', 'from', 'to'].map((name) => [name, listOf(query[name])]))
}
