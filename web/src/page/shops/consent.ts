// A consent in a window of its own. It comes back to the page at the callback's address, which tells all windows of this page what it was
// answered: a window that went through another host need not know who opened it.
import { onScopeDispose } from 'vue'
import { ask } from '@/api/client'
import type { Consent } from '@/api/types'

export const CHANNEL = 'huiliu.consent'
export type Told = { good: true; consent: Consent } | { good: false; message: string }

export function useConsents(heard: (told: Told) => void): void {
  const channel = new BroadcastChannel(CHANNEL)
  channel.onmessage = (message: MessageEvent<Told>) => heard(message.data)
  onScopeDispose(() => channel.close())
}

/** The window is opened while the click still counts, and gets its address afterwards. Null: it was held back; the address is returned to be shown. */
export async function consentOpen(body: { platform?: string; app?: string; shop?: string }): Promise<string | null> {
  const popup = window.open('', 'huiliu-consent', 'popup,width=720,height=820')
  try {
    const { url } = await ask('post', '/shops/authorize', { body })
    if (!popup) return url
    popup.location.replace(url)
    return null
  } catch (error) {
    popup?.close()
    throw error
  }
}
