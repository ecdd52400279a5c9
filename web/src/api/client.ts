// The only place that asks the API. Types are those of the server's own table of routes (types.ts).
import type { Routes } from './types'

export class Problem extends Error {
  constructor(
    /** HTTP status; 0: no answer came. */
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly requestId: string | null = null,
    readonly retryAfterS: number | null = null,
  ) {
    super(detail)
  }
}

type Operation = { path: unknown; query: unknown; body: unknown; answer: unknown }
type Of<P extends keyof Routes, M extends keyof Routes[P]> = Routes[P][M] extends Operation ? Routes[P][M] : never
/** A member that a route does not have may be left out. */
type Needs<Name extends string, Value> = Value extends undefined
  ? { [N in Name]?: undefined }
  : Partial<Value> extends Value
    ? { [N in Name]?: Value }
    : { [N in Name]: Value }
export type Asking<P extends keyof Routes, M extends keyof Routes[P]> = Needs<'path', Of<P, M>['path']> &
  Needs<'query', Of<P, M>['query']> &
  Needs<'body', Of<P, M>['body']> & { signal?: AbortSignal; ifMatch?: string }

const ROOT = '/api/v1'

type Plain = string | number | boolean | undefined | null
export type Query = Record<string, Plain | Plain[]>

export function addressOf(route: string, path?: Record<string, string>, query?: Query): string {
  const filled = route.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path?.[name] ?? ''))
  const pairs = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== '') pairs.append(name, String(one))
    }
  }
  const text = pairs.toString()
  return ROOT + filled + (text ? `?${text}` : '')
}

let sessionOver: () => void = () => undefined
/** What to do when the server knows nobody any more. */
export function onSessionOver(does: () => void): void {
  sessionOver = does
}

async function problemOf(reply: Response): Promise<Problem> {
  const told: { code?: string; detail?: string; title?: string; request_id?: string } = await reply
    .json()
    .catch(() => ({}))
  const after = Number(reply.headers.get('Retry-After'))
  const words = told.detail ?? told.title ?? `HTTP ${reply.status}`
  return new Problem(reply.status, told.code ?? 'http', words, told.request_id ?? null, after || null)
}

async function send(method: string, address: string, body: unknown, signal?: AbortSignal, ifMatch?: string) {
  const headers: Record<string, string> = { Accept: 'application/json' }
  if (method !== 'GET') headers['X-Huiliu'] = '1'
  const file = body instanceof Blob
  if (body !== undefined) headers['Content-Type'] = file ? 'application/octet-stream' : 'application/json'
  if (ifMatch) headers['If-Match'] = ifMatch
  try {
    return await fetch(address, {
      method,
      headers,
      body: body === undefined ? undefined : file ? body : JSON.stringify(body),
      signal,
      credentials: 'same-origin',
    })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new Problem(0, 'network', String(error instanceof Error ? error.message : error))
  }
}

/** Where 401 says something else: a wrong password; out already. */
const NOT_OVER = new Set(['/auth/sign-in', '/auth/sign-out'])

type Put = { path?: Record<string, string>; query?: Query; body?: unknown; signal?: AbortSignal; ifMatch?: string }

async function answered(method: string, route: string, { path, query, body, signal, ifMatch }: Put): Promise<Response> {
  const reply = await send(method.toUpperCase(), addressOf(route, path, query), body, signal, ifMatch)
  if (reply.ok) return reply
  const problem = await problemOf(reply)
  if (problem.status === 401 && !NOT_OVER.has(route)) sessionOver()
  throw problem
}

/** ask('get', '/ad-orders/{order_id}', {path: {order_id}}) */
export async function ask<P extends keyof Routes, M extends keyof Routes[P] & string>(
  method: M,
  route: P,
  ...[asking]: Partial<Asking<P, M>> extends Asking<P, M> ? [Asking<P, M>?] : [Asking<P, M>]
): Promise<Of<P, M>['answer']> {
  const reply = await answered(method, route, (asking ?? {}) as Put)
  return (reply.status === 204 ? undefined : await reply.json()) as Of<P, M>['answer']
}

/** A file goes as it is: the route takes it as its body. */
export async function handIn(query: Routes['/imports']['post']['query'], file: Blob): Promise<Routes['/imports']['post']['answer']> {
  return (await (await answered('post', '/imports', { query: query as Query, body: file })).json()) as Routes['/imports']['post']['answer']
}

/** As ask, and the answer's text: of what must be shown to its last digit. */
export async function askText<P extends keyof Routes, M extends keyof Routes[P] & string>(
  method: M,
  route: P,
  asking: Asking<P, M>,
): Promise<{ answer: Of<P, M>['answer']; text: string }> {
  const text = await (await answered(method, route, asking as Put)).text()
  return { answer: JSON.parse(text) as Of<P, M>['answer'], text }
}

/** The same with the ETag of what is read, for the change of it. */
export async function askTagged<P extends keyof Routes>(route: P, asking: Asking<P, 'get' & keyof Routes[P]>): Promise<{ answer: Of<P, 'get' & keyof Routes[P]>['answer']; tag: string }> {
  const reply = await answered('get', route, asking as Put)
  return { answer: (await reply.json()) as Of<P, 'get' & keyof Routes[P]>['answer'], tag: reply.headers.get('ETag') ?? '' }
}
