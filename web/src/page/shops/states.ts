// How a shop's authorisation stands, in words.
import type { ShopRow } from '@/api/types'
import { timeText } from '@/form/time'
import { say } from './words'

const TOKENS = { fresh: 'tokenFresh', dead: 'tokenDead', refreshing: 'tokenRefreshing' } as const

/** `zone`: the shop's; of one that was added just now that of its platform. */
export function tokenText(shop: ShopRow, zone: string | null): string {
  const token = shop.token
  if (!token) return say('tokenNone')
  const known = token.state in TOKENS ? say(TOKENS[token.state as keyof typeof TOKENS]) : token.state
  const parts = [known]
  if (token.token_of && token.token_of.id !== shop.id) parts.push(say('tokenOf', { name: token.token_of.name ?? `#${token.token_of.id}` }))
  if (token.authorise_again_before) parts.push(say('ends', { time: timeText(token.authorise_again_before, zone) }))
  else if (token.expires) parts.push(say('renews', { time: timeText(token.expires, zone) }))
  if (token.error) parts.push(token.error)
  return parts.join(' · ')
}

export interface Ending {
  at: string
  day: string
  time: string
  kind: 'refresh' | 'access'
  shop: ShopRow
}

/** When what ends, the next first. What the program renews by itself is beside what a person has to do. */
export function endingsOf(shops: ShopRow[], zoneOf: (shop: ShopRow) => string | null): Ending[] {
  const all: Ending[] = []
  for (const shop of shops) {
    const { authorise_again_before: refresh, expires } = shop.token ?? {}
    const put = (at: string, kind: Ending['kind']) => {
      const text = timeText(at, zoneOf(shop))
      all.push({ at, kind, shop, day: text.slice(0, 10), time: text.slice(11, 16) })
    }
    if (refresh) put(refresh, 'refresh')
    if (expires) put(expires, 'access')
  }
  return all.sort((a, b) => a.at.localeCompare(b.at))
}
