// A list that is read page by page and grows downwards: what stands on the screen stays where it is.
import { computed, ref, shallowRef, type MaybeRefOrGetter } from 'vue'
import { useAnswer } from '@/api/answering'
import { Problem } from '@/api/client'

export interface Grown<T> {
  items: T[]
  next: string | null
}

export function useGrowing<T>(read: (cursor: string | undefined, signal: AbortSignal) => Promise<Grown<T>>, on: MaybeRefOrGetter[] = []) {
  const behind = shallowRef<T[]>([])
  const next = ref<string | null>(null)
  const growing = ref(false)
  const problem = ref('')
  const first = useAnswer(async (signal) => {
    const page = await read(undefined, signal)
    behind.value = []
    next.value = page.next
    return page
  }, on)
  const items = computed(() => [...(first.data?.items ?? []), ...behind.value])

  async function more() {
    if (!next.value || growing.value) return
    growing.value = true
    problem.value = ''
    try {
      const from = next.value
      const page = await read(from, new AbortController().signal)
      if (next.value === from) {
        behind.value = [...behind.value, ...page.items]
        next.value = page.next
      }
    } catch (error) {
      problem.value = error instanceof Problem ? error.message : String(error)
    }
    growing.value = false
  }
  return { first, items, next, growing, problem, more }
}
