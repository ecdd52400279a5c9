// Why a row or a file is refused, in the reader's language where the reason is a frequent one; else as the program tells it.
import { language } from '@/state/language'
import { say } from './words'

const KNOWN = ['money_text', 'field_missing', 'key_twice', 'id_rounded', 'shop_unknown', 'shop_other', 'header_missing'] as const

/** The program's own sentence is English and has the details: in English it stands alone, else behind ours. */
export function whyText(code: string, message: string): string {
  const known = KNOWN.find((one) => one === code)
  return known && language.value !== 'en' ? `${say(known)} (${message})` : message
}
