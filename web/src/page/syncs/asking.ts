// What the buttons of the page ask for, and what is said of the answer: "asked for", never "done".
import { ask } from '@/api/client'
import type { Held } from '@/api/types'
import { say } from './words'

export interface Wish {
  mode: 'incremental' | 'range' | 'full' | 'order'
  shops?: string[]
  streams?: string[]
  from?: string
  to?: string
  by?: 'created' | 'updated'
  ids?: string[]
}

export async function syncAsk(wish: Wish): Promise<string> {
  const told = await ask('post', '/syncs', { body: wish })
  return say(told.joined ? 'joined' : 'asked', { id: told.id })
}

export function heldText(told: Held, ends: boolean): string {
  if (!ends) return say(told.changed ? 'paused' : 'pausedAlready')
  if (told.paused) return say('resumedStill')
  return say(told.changed ? 'resumed' : 'resumedNone')
}
