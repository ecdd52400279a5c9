// A question whose answer a page shows: asked again when what it depends on changes; an answer that is older than its question
// is dropped; the one before stays on the screen until the next is there.
import { onScopeDispose, shallowReactive, watch, type WatchSource } from 'vue'
import { Problem } from './client'

export interface Answering<T> {
  data: T | null
  problem: Problem | null
  busy: boolean
  again: () => void
}

export function useAnswer<T>(question: (signal: AbortSignal) => Promise<T>, on: WatchSource[] = []): Answering<T> {
  let running: AbortController | null = null
  const answering = shallowReactive<Answering<T>>({ data: null, problem: null, busy: false, again })

  async function again() {
    running?.abort()
    const mine = (running = new AbortController())
    answering.busy = true
    try {
      const data = await question(mine.signal)
      if (mine !== running) return
      answering.data = data
      answering.problem = null
    } catch (error) {
      if (mine !== running || (error instanceof DOMException && error.name === 'AbortError')) return
      answering.problem = error instanceof Problem ? error : new Problem(0, 'page', String(error))
      answering.data = null
    }
    answering.busy = false
  }

  watch(on, () => void again(), { immediate: true })
  onScopeDispose(() => running?.abort())
  return answering
}
