// Entries that are said by hand: one is edited in a form, one is asked about before it goes. What failed stays beside them.
import { nextTick, ref, shallowRef, useTemplateRef, type Ref } from 'vue'
import { useDoing } from '@/api/doing'

/** For a page whose template has `ref="table"` (read again after a change) and `ref="form"`. */
export function useEditing<Draft, Entry>() {
  const table = useTemplateRef<{ again: () => void }>('table')
  const form = useTemplateRef<HTMLFormElement>('form')
  const doing = useDoing()
  const draft = ref(null) as Ref<Draft | null>
  const gone = shallowRef<Entry | null>(null)

  /** The caret goes to the input of this name. */
  function begin(what: Draft, field: string) {
    doing.wrong = ''
    draft.value = what
    void nextTick(() => form.value?.querySelector<HTMLInputElement>(`input[name=${field}]`)?.focus())
  }
  async function save(put: (now: Draft) => Promise<unknown>) {
    const now = draft.value
    if (now === null || !(await doing.does(() => put(now)))) return
    draft.value = null
    table.value?.again()
  }
  function askRemove(entry: Entry) {
    doing.wrong = ''
    gone.value = entry
  }
  async function remove(take: (entry: Entry) => Promise<unknown>) {
    const it = gone.value
    if (it === null || !(await doing.does(() => take(it)))) return
    gone.value = null
    table.value?.again()
  }
  return { table, doing, draft, gone, begin, save, askRemove, remove }
}
