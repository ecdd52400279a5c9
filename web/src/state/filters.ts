// What a list is asked for stands in the address: filters, order, the row that is open. `many`: filters that take several values.
import { computed } from 'vue'
import { useRoute, useRouter, type LocationQueryRaw } from 'vue-router'
import type { Query } from '@/api/client'
import { listOf, textOf, usePickers } from './pickers'

export function useFilters<Name extends string>(names: readonly Name[], many: readonly Name[], standard: string) {
  const route = useRoute()
  const router = useRouter()
  const { shops } = usePickers()

  const given = computed(() => Object.fromEntries(names.map((name) => [name, listOf(route.query[name])])) as Record<Name, string[]>)
  /** As the API takes it. */
  const filters = computed<Query>(() => ({
    shop: shops.value,
    ...Object.fromEntries(names.map((name) => [name, many.includes(name) ? given.value[name] : given.value[name][0]])),
  }))
  const sort = computed(() => textOf(route.query.sort) || standard)
  const filtered = computed(() => names.some((name) => given.value[name].length))
  const open = computed(() => textOf(route.query.open) || null)
  const begins = computed(() => !filtered.value && !route.query.sort && !route.query.columns)

  function put(changes: LocationQueryRaw) {
    const query: LocationQueryRaw = { ...route.query, ...changes }
    for (const name of Object.keys(query)) {
      const value = query[name]
      if (value === undefined || value === null || value === '' || (Array.isArray(value) && !value.length)) delete query[name]
    }
    void router.push({ query })
  }
  const none = () => Object.fromEntries(names.map((name) => [name, undefined]))

  return {
    given,
    filters,
    sort,
    filtered,
    open,
    /** The address says nothing yet: one's default view may begin. */
    begins,
    put,
    clear: () => put(none()),
    /** A view says all: what it does not have is not filtered. */
    take: (view: Record<string, unknown>) => put({ ...none(), ...(view as LocationQueryRaw) }),
  }
}
