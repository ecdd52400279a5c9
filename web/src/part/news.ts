// A list does not move under its reader's hand: when something has happened the same page is asked for beside what is shown, and only
// where its rows would read differently the reader is told; he says when they change.
import { shallowRef, watch, type ShallowRef } from 'vue'
import type { Answering } from '@/api/answering'
import { useLive, type Happened } from '@/api/live'
import type { Page } from './table'

/** What may change rows: something was read, or worked out. */
const changesRows = (event: Happened) => event.kind === 'try_done'

export function useNews(page: Answering<Page>, question: (signal: AbortSignal) => Promise<Page>, of = changesRows) {
  const fresh: ShallowRef<Page | null> = shallowRef(null)
  let asking: AbortController | null = null

  async function look() {
    const shown = page.data
    if (fresh.value || asking || page.busy || !shown) return
    asking = new AbortController()
    try {
      const now = await question(asking.signal)
      if (page.data !== shown || page.busy) return
      // The time up to which rows are complete goes on by itself; rows do not.
      if (JSON.stringify(now.items) === JSON.stringify(shown.items)) page.data = now
      else fresh.value = now
    } catch {
      // What stands there stays; the next thing that happens asks again.
    } finally {
      asking = null
    }
  }

  useLive(() => void look(), of)
  watch(
    () => [page.data, page.busy],
    () => (fresh.value = null),
  )
  return {
    fresh,
    show() {
      if (fresh.value) page.data = fresh.value
    },
  }
}
