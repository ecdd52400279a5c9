// Which language is spoken: the user's choice, else the browser's.
import { ref, watchEffect } from 'vue'
import { kept, keep } from './kept'

export type Language = 'zh' | 'en'

function first(): Language {
  const chosen = kept('language')
  if (chosen === 'zh' || chosen === 'en') return chosen
  return navigator.languages.some((one) => one.toLowerCase().startsWith('zh')) ? 'zh' : 'en'
}

export const language = ref<Language>(first())

export function speak(chosen: Language): void {
  language.value = chosen
  keep('language', chosen)
}

watchEffect(() => {
  document.documentElement.lang = language.value === 'zh' ? 'zh-CN' : 'en'
})
