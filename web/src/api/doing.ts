// A change that a button makes: it is under way, it went wrong with these words, it is done.
import { ref, shallowReactive } from 'vue'
import { Problem } from './client'

export interface Doing {
  busy: boolean
  wrong: string
  /** True: it was done. */
  does: (what: () => Promise<unknown>) => Promise<boolean>
}

export function useDoing(): Doing {
  const running = ref(0)
  const doing = shallowReactive<Doing>({
    busy: false,
    wrong: '',
    async does(what) {
      const mine = ++running.value
      doing.busy = true
      doing.wrong = ''
      let done = false
      try {
        await what()
        done = true
      } catch (error) {
        doing.wrong = error instanceof Problem ? error.message : String(error)
      }
      if (mine === running.value) doing.busy = false
      return done
    },
  })
  return doing
}
