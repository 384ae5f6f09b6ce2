/**
 * Requests to the API that need no preflight: POST of text/plain, the key in the body, no header of ours.
 */
import { settings } from './config.ts'
import { encode } from './encode.ts'
import { fault } from './faults.ts'

/** Of the body, where all went well; else of what else came: status 0 means that nothing did. */
export interface Answer {
  data?: unknown
  meta?: unknown
  status?: number
  /** What Retry-After asks for. */
  waitS?: number
}

/** `raw`: members of the body that are JSON already, with a comma after each. A fault is named after the status. */
export async function post(path: string, fields: object, deadlineMs: number, raw = ''): Promise<Answer> {
  let status = 0
  let waitS = 0
  try {
    const response = await fetch(`${settings.apiUrl}/api/v1/${path}`, {
      method: 'POST',
      body: `{${raw}${encode({ key: settings.key, ...fields }).slice(1)}`,
      keepalive: true,
      signal: AbortSignal.timeout(deadlineMs),
    })
    status = response.status
    waitS = +response.headers.get('Retry-After')!
    if (response.ok) return { ...(await response.json()) }
  } catch {
    // told by the status
  }
  fault(`api_${status}`)
  return { status, waitS }
}
