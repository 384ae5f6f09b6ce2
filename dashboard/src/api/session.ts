/**
 * Who is signed in. The access token lives in this tab's memory only; the refresh token in a cookie no script reads.
 *
 * A refresh token works once, and one that comes twice ends the session, since a thief may have it. So tabs take turns
 * (a web lock), and what one of them is given, the others hear of (a broadcast) instead of renewing again.
 */
import type { components } from '@/api/schema'
import { Problem, problemOf, unreachable } from '@/api/problem'

export type Admin = components['schemas']['Admin']
export interface Session {
  token: string
  admin: Admin
}
/** `ended`: requests wait until somebody signs in again; `out`: nobody is signed in here. */
export type State = { is: 'unknown' } | { is: 'out' } | ({ is: 'in' } & Session) | ({ is: 'ended' } & Session)
type News = { is: 'in'; session: Session } | { is: 'out' }

const AUTH = '/api/v1/auth'
const listeners = new Set<() => void>()
const tabs = new BroadcastChannel('recomengine-session')
let state: State = { is: 'unknown' }
let renewing: Promise<Session | null> | null = null

export const sessionState = (): State => state

export function onSession(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function become(next: State): void {
  state = next
  for (const listener of [...listeners]) listener()
}

tabs.onmessage = ({ data }: MessageEvent<News>) => {
  if (data.is === 'out') return become({ is: 'out' })
  const before = 'admin' in state ? state.admin.id : data.session.admin.id
  if (before !== data.session.admin.id) return location.reload() // somebody else: nothing shown here is theirs
  become({ is: 'in', ...data.session })
}

/** The session of this browser, renewed by its cookie where this tab has none yet; null when nobody is signed in. */
export async function ensureSession(): Promise<Session | null> {
  if (state.is === 'in' || state.is === 'ended') return state
  if (state.is === 'out') return null
  return renew(null)
}

/** A token in place of `used`, which the server refused; null when the session has ended. */
export function renew(used: string | null): Promise<Session | null> {
  renewing ??= inTurn(() => renewOnce(used)).finally(() => (renewing = null))
  return renewing
}

async function renewOnce(used: string | null): Promise<Session | null> {
  if (state.is === 'in' && state.token !== used) return state // another tab was quicker
  const csrf = csrfToken()
  if (csrf === null) return forget()
  const answer = await post('refresh', undefined, { 'X-CSRF-Token': csrf })
  if (answer.status === 401) return forget()
  return begin(await sessionOf(answer))
}

function forget(): null {
  become(state.is === 'in' || state.is === 'ended' ? { ...state, is: 'ended' } : { is: 'out' })
  return null
}

/** Resolves when somebody has signed in again; the dialog over the page asks for it. */
export function signedInAgain(): Promise<Session> {
  return new Promise((resolve, reject) => {
    const stop = onSession(() => {
      if (state.is === 'in') resolve(state)
      else if (state.is === 'out') reject(new Problem(401, 'session_ended', 'Signed out', 'You are signed out.'))
      else return
      stop()
    })
  })
}

export async function signIn(email: string, password: string): Promise<Session> {
  return begin(await sessionOf(await post('login', { email, password })))
}

export async function signUp(email: string, password: string, name: string): Promise<Session> {
  return begin(await sessionOf(await post('signup', { email, password, name })))
}

export async function signOut(): Promise<void> {
  const token = 'token' in state ? state.token : null
  const answer = await post('logout', undefined, {
    'X-CSRF-Token': csrfToken() ?? '',
    ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
  })
  if (!answer.ok && answer.status !== 401) throw await problemOf(answer)
  tell({ is: 'out' })
}

/** The account's name has changed, say. */
export function rewriteAdmin(admin: Admin): void {
  if (state.is === 'in') tell({ is: 'in', session: { token: state.token, admin } })
}

function begin(session: Session): Session {
  tell({ is: 'in', session })
  return session
}

function tell(news: News): void {
  become(news.is === 'out' ? news : { is: 'in', ...news.session })
  tabs.postMessage(news)
}

async function sessionOf(answer: Response): Promise<Session> {
  if (!answer.ok) throw await problemOf(answer)
  const { data } = (await answer.json()) as { data: components['schemas']['SignedIn'] }
  return { token: data.accessToken, admin: data.admin }
}

async function post(path: string, body?: object, headers: Record<string, string> = {}): Promise<Response> {
  const sent = body
    ? { body: JSON.stringify(body), headers: { ...headers, 'Content-Type': 'application/json' } }
    : { headers }
  return fetch(`${AUTH}/${path}`, { method: 'POST', ...sent }).catch(() => Promise.reject(unreachable()))
}

function csrfToken(): string | null {
  return /(?:^|; )csrf_token=([^;]+)/.exec(document.cookie)?.[1] ?? null
}

/** Web locks are there in secure contexts alone; elsewhere the server's own grace for tabs of one browser has to do. */
async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  return 'locks' in navigator ? navigator.locks.request('recomengine-session', work) : work()
}
