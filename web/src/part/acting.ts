// What a button of a page does: one at a time, shown while it works. What came of it is said in the API's sense ("asked for" where it is not
// done); what failed stays on the screen until it is closed.
import { ref } from 'vue'
import { Problem } from '@/api/client'
import { ElMessage } from './element'
import { say } from './words'

export function useActing(after: () => void = () => undefined) {
  /** The name of what is under way. */
  const busy = ref('')

  /** `does` returns what to say. True: it was answered well. */
  async function act(name: string, does: () => Promise<string>): Promise<boolean> {
    if (busy.value) return false
    busy.value = name
    try {
      ElMessage.success({ message: await does(), duration: 6000, showClose: true })
      return true
    } catch (error) {
      const why = error instanceof Problem ? error.message : String(error)
      ElMessage.error({ message: say('actFailed', { why }), duration: 0, showClose: true })
      return false
    } finally {
      busy.value = ''
      after()
    }
  }
  return { busy, act }
}
