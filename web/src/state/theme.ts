// Light or dark: the user's choice, else the system's, also when that changes while the page is open. public/theme.js did it first.
import { ref, watchEffect } from 'vue'
import { kept, keep } from './kept'

export type Theme = 'system' | 'light' | 'dark'

const system = matchMedia('(prefers-color-scheme: dark)')
const systemDark = ref(system.matches)
system.addEventListener('change', (event) => (systemDark.value = event.matches))

const before = kept('theme')
export const theme = ref<Theme>(before === 'light' || before === 'dark' ? before : 'system')
export const dark = ref(false)

watchEffect(() => {
  dark.value = theme.value === 'dark' || (theme.value === 'system' && systemDark.value)
  document.documentElement.classList.toggle('dark', dark.value)
})

export function paint(chosen: Theme): void {
  theme.value = chosen
  keep('theme', chosen === 'system' ? null : chosen)
}
