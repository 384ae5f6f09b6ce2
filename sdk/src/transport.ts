/**
 * Requests to the API that need no preflight: POST of text/plain, the key in the body, no cookies.
 */
import { settings } from './config.ts'
import { fault } from './faults.ts'

/** status: 0 where there was none; waitS: what Retry-After asks for; data, meta: of the body, where all went well. */
export interface Answer {
  status: number
  waitS: number
  data?: unknown
  meta?: unknown
}

export async function post(path: string, body: string, deadlineMs: number): Promise<Answer> {
  const answer: Answer = { status: 0, waitS: 0 }
  const signal = AbortSignal.timeout(deadlineMs)
  try {
    const url = `${settings.apiUrl}/api/v1/${path}`
    const response = await fetch(url, { method: 'POST', body, credentials: 'omit', keepalive: true, signal })
    answer.status = response.status
    answer.waitS = Number(response.headers.get('Retry-After'))
    if (response.ok) return { ...answer, ...(await response.json()) }
    fault(`api_${response.status}`)
  } catch {
    fault(signal.aborted ? 'api_slow' : answer.status ? 'api_answer' : 'api_unreachable')
  }
  return answer
}
