// Words in both languages: words({title: ['首页', 'Today'], late: ['迟 {minutes} 分钟', '{minutes} min late']}) gives say('late', {minutes: 12}).
// A key that has only one language does not compile; tools/check.mjs sees to it that each is in its language.
import { language } from '@/state/language'

export type Two = readonly [zh: string, en: string]
export type Fillings = Record<string, string | number>

export function said(two: Two, fillings: Fillings = {}): string {
  const text = two[language.value === 'zh' ? 0 : 1]
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(fillings[name] ?? whole))
}

export function words<Key extends string>(table: Record<Key, Two>): (key: Key, fillings?: Fillings) => string {
  return (key, fillings) => said(table[key], fillings)
}

/** A text of the API that comes in both languages. */
export function ofBoth(both: { zh: string; en: string }): string {
  return both[language.value]
}
