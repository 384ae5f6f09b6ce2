import { unreachable } from '@/api/problem'
import { ensureSession, renew, signedInAgain, type Session } from '@/api/session'

/**
 * Send a file of any size and tell how much of it is sent, which fetch cannot. A token that has run out is renewed, and
 * the file sent again; one that runs out on the way does not matter, as it is looked at once.
 */
export async function upload(
  address: string,
  file: Blob,
  headers: Record<string, string>,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<Response> {
  const session = (await ensureSession()) ?? (await signedInAgain())
  const answer = await sent(address, file, headers, session, onProgress, signal)
  if (answer.status !== 401) return answer
  return sent(address, file, headers, (await renew(session.token)) ?? (await signedInAgain()), onProgress, signal)
}

function sent(
  address: string,
  file: Blob,
  headers: Record<string, string>,
  session: Session,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', address)
    request.setRequestHeader('Authorization', `Bearer ${session.token}`)
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
    request.upload.onprogress = ({ loaded, total }) => onProgress(total === 0 ? 0 : loaded / total)
    request.onload = () => resolve(new Response(request.responseText, { status: request.status, headers: answered(request) }))
    request.onerror = () => reject(unreachable())
    request.onabort = () => reject(new DOMException('The import was stopped.', 'AbortError'))
    signal.addEventListener('abort', () => request.abort())
    request.send(file)
  })
}

function answered(request: XMLHttpRequest): Record<string, string> {
  const type = request.getResponseHeader('content-type') ?? 'application/json'
  const id = request.getResponseHeader('x-request-id')
  return { 'content-type': type, ...(id === null ? {} : { 'x-request-id': id }) }
}
