import createClient from 'openapi-fetch'
import type { paths } from '@/api/schema'
import { problemOf, unreachable } from '@/api/problem'
import { ensureSession, renew, sessionState, signedInAgain, type Session } from '@/api/session'

export { isAway, Problem } from '@/api/problem'

/** The API by its paths: `await answerOf(api.GET('/api/v1/tenants'))`. Whatever is no answer is thrown as a Problem. */
export const api = createClient<paths>({ baseUrl: location.origin, fetch: authorized })

api.use({
  async onResponse({ response }) {
    if (!response.ok) throw await problemOf(response)
  },
})

/** The body of an answer, which is there: else a Problem was thrown. */
export async function answerOf<Body>(call: Promise<{ data?: Body }>): Promise<NonNullable<Body>> {
  return (await call).data as NonNullable<Body>
}

/**
 * `fetch` as whoever is signed in. A token that has run out is renewed, once, unseen. Where the session has ended, the
 * request waits until somebody has signed in again over the page, so that what was typed is not lost.
 */
export async function authorized(request: Request): Promise<Response> {
  const again = request.clone()
  const session = sessionState().is === 'ended' ? await signedInAgain() : await ensureSession()
  const answer = await sent(request, session)
  if (answer.status !== 401 || session === null || (await problemOf(answer.clone())).code === 'wrong_credentials')
    return answer
  return sent(again, (await renew(session.token)) ?? (await signedInAgain()))
}

async function sent(request: Request, session: Session | null): Promise<Response> {
  if (session !== null) request.headers.set('Authorization', `Bearer ${session.token}`)
  return fetch(request).catch((error: unknown) => {
    throw request.signal.aborted ? error : unreachable()
  })
}

/** Save what the path answers, such as a CSV, under the name that the server gives it. */
export async function download(path: string): Promise<void> {
  const answer = await authorized(new Request(new URL(path, location.origin)))
  if (!answer.ok) throw await problemOf(answer)
  const named = /filename="?([^";]+)/.exec(answer.headers.get('content-disposition') ?? '')?.[1]
  const link = document.createElement('a')
  link.href = URL.createObjectURL(await answer.blob())
  link.download = named ?? path.split('?')[0]?.split('/').pop() ?? 'download'
  link.click()
  URL.revokeObjectURL(link.href)
}
