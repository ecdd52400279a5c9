// The one stream of events of the page. It is open while somebody looks: a page that has been hidden for a minute closes it, and when
// it is looked at again everybody reads anew. Whoever listens hears of a burst once.
import { onScopeDispose } from 'vue'
import { ask } from './client'

export interface Happened {
  id: string
  at: string
  level: 'debug' | 'info' | 'warn' | 'error'
  kind: string
  shop?: { id: string; name: string | null }
  stream?: string
  task?: string
  text?: { zh: string; en: string }
}
type Listener = (events: Happened[]) => void

const HIDDEN_MS = 60_000
const AGAIN_MS = 15_000
const BURST_MS = 2_000
const listeners = new Set<Listener>()
let source: EventSource | null = null
let hiddenTimer: number | undefined
let againTimer: number | undefined

function tell(events: Happened[]) {
  for (const listener of listeners) listener(events)
}

function open() {
  window.clearTimeout(againTimer)
  if (source || !listeners.size || document.hidden) return
  source = new EventSource('/api/v1/events')
  source.addEventListener('happened', (message) => tell(JSON.parse(message.data as string) as Happened[]))
  source.addEventListener('error', () => {
    // A lost connection comes back by itself; a refusal (no session, too many streams) does not.
    if (source?.readyState !== EventSource.CLOSED) return
    source = null
    againTimer = window.setTimeout(open, AGAIN_MS)
    // A browser does not tell why; where the session is over, this question says so and the sign-in comes.
    ask('get', '/auth/me').catch(() => undefined)
  })
}

function close() {
  window.clearTimeout(againTimer)
  source?.close()
  source = null
}

document.addEventListener('visibilitychange', () => {
  window.clearTimeout(hiddenTimer)
  if (document.hidden) {
    hiddenTimer = window.setTimeout(close, HIDDEN_MS)
    return
  }
  if (!source && listeners.size) tell([])
  open()
})

/** Calls `again` when something has happened that `of` picks, once a burst, until the component is gone. */
export function useLive(again: (events: Happened[]) => void, of: (event: Happened) => boolean = () => true): void {
  let waiting: Happened[] = []
  let timer: number | undefined
  const listener: Listener = (events) => {
    const mine = events.filter(of)
    if (events.length && !mine.length) return
    waiting = [...waiting, ...mine].slice(-200)
    timer ??= window.setTimeout(() => {
      const all = waiting
      waiting = []
      timer = undefined
      again(all)
    }, BURST_MS)
  }
  listeners.add(listener)
  open()
  onScopeDispose(() => {
    window.clearTimeout(timer)
    listeners.delete(listener)
    if (!listeners.size) close()
  })
}
