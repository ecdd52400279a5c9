// A choice of a page that stands in its address.
import { computed, type WritableComputedRef } from 'vue'
import { useRoute, useRouter, type LocationQueryRaw } from 'vue-router'
import { textOf } from './pickers'

/** The first word is where a page begins, and is not written. `drops`: what was of the other words only (order, columns). */
export function useWord<Word extends string>(name: string, words: readonly [Word, ...Word[]], drops: string[] = []): WritableComputedRef<Word> {
  const route = useRoute()
  const router = useRouter()
  return computed({
    get: () => words.find((word) => word === textOf(route.query[name])) ?? words[0],
    set: (word) => {
      const query: LocationQueryRaw = { ...route.query, [name]: word === words[0] ? undefined : word }
      for (const one of drops) delete query[one]
      void router.push({ query })
    },
  })
}

export function useText(name: string): WritableComputedRef<string> {
  const route = useRoute()
  const router = useRouter()
  return computed({
    get: () => textOf(route.query[name]),
    set: (text) => void router.push({ query: { ...route.query, [name]: text || undefined } }),
  })
}
