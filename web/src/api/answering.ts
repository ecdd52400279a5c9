// A question whose answer a page shows: asked again when what it depends on changes; an answer that is older than its question
// is dropped; the one before stays on the screen until the next is there.
import { onScopeDispose, shallowReactive, toValue, watch, type MaybeRefOrGetter } from 'vue'
import { sessionIsOver } from '@/state/me'
import { Problem } from './client'

export interface Answering<T> {
  data: T | null
  problem: Problem | null
  busy: boolean
  again: () => void
}

export function useAnswer<T>(question: (signal: AbortSignal) => Promise<T>, on: MaybeRefOrGetter[] = []): Answering<T> {
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
      // The sign-in stands over what is there; behind it this is asked again.
      if (sessionIsOver.value) return
      answering.problem = error instanceof Problem ? error : new Problem(0, 'page', String(error))
      answering.data = null
    }
    answering.busy = false
  }

  // By what they say: an address that changes elsewhere makes new lists of the same words.
  watch(() => JSON.stringify(on.map(toValue)), () => void again(), { immediate: true })
  watch(sessionIsOver, (over) => !over && void again())
  onScopeDispose(() => running?.abort())
  return answering
}
