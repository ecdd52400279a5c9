// Who is signed in. The page starts with one question: are there users, and who am I?
import { computed, ref, shallowRef } from 'vue'
import { ask, onSessionOver, Problem } from '@/api/client'
import type { Me } from '@/api/types'

export type Right = 'viewer' | 'operator' | 'admin' | 'reveal'

export const me = shallowRef<Me | null>(null)
/** False: nobody was ever made. */
export const thereAreUsers = ref(true)
/** The first question is answered. */
export const begun = ref(false)
export const beginProblem = shallowRef<Problem | null>(null)
/** He was signed in and the server does not know him any more: the sign-in comes over what he sees. */
export const sessionIsOver = ref(false)

onSessionOver(() => {
  if (me.value) sessionIsOver.value = true
})

export async function begin(): Promise<void> {
  try {
    const told = await ask('get', '/auth/begin')
    me.value = told.me
    thereAreUsers.value = told.users
    beginProblem.value = null
  } catch (error) {
    beginProblem.value = error instanceof Problem ? error : new Problem(0, 'page', String(error))
  }
  begun.value = true
}

export async function signIn(name: string, password: string): Promise<void> {
  const before = me.value?.id
  const now = await ask('post', '/auth/sign-in', { body: { name, password } })
  // What stands on the screen belongs to whoever was there before.
  if (before !== undefined && before !== now.id) location.reload()
  me.value = now
  sessionIsOver.value = false
}

/** Also where the server says that it is over already. */
export async function signOut(): Promise<void> {
  try {
    await ask('post', '/auth/sign-out')
  } catch (error) {
    if (!(error instanceof Problem && error.status === 401)) throw error
  }
  me.value = null
  sessionIsOver.value = false
}

const RANK = { viewer: 1, operator: 2, admin: 3 }

export function may(right: Right): boolean {
  const person = me.value
  if (!person) return false
  return right === 'reveal' ? person.reveals : RANK[person.role] >= RANK[right]
}

const shopsById = computed(() => new Map(me.value?.shops.map((shop) => [shop.id, shop])))

export function shopName(id: string): string {
  return shopsById.value.get(id)?.name ?? `#${id}`
}

/** The zone of all his shops; null where they have several: of times that are of no shop. */
export const oneZone = computed(() => {
  const zones = new Set(me.value?.shops.map((shop) => shop.zone))
  return zones.size === 1 ? ([...zones][0] ?? null) : null
})

export function shopZone(id: string): string | null {
  return shopsById.value.get(id)?.zone ?? null
}

export function shopPlatform(id: string): string | null {
  return shopsById.value.get(id)?.platform ?? null
}
