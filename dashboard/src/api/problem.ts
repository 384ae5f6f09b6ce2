/** What the API answers instead of what was asked for: RFC 9457, as `/docs/problems` explains each code. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    readonly requestId: string | null = null,
    /** What is wrong with which field of the body, by its name (`config.allowedOrigins`). */
    readonly fields: Readonly<Record<string, string>> = {},
  ) {
    super(detail)
    this.name = 'Problem'
  }
}

/** The server was not reached, or did not answer as itself: asking again later is all there is to do. */
export const isAway = (error: unknown): boolean =>
  error instanceof Problem &&
  (error.status === 0 || error.status === 502 || error.status === 503 || error.status === 504)

export const unreachable = (): Problem =>
  new Problem(
    0,
    'unreachable',
    'Server not reached',
    'The server could not be reached. Check the connection, then try again.',
  )

interface ProblemBody {
  code?: string
  title?: string
  detail?: string
  requestId?: string
  errors?: { path: string; message: string }[]
}

export async function problemOf(response: Response): Promise<Problem> {
  const body = await bodyOf(response)
  const fields = Object.fromEntries((body.errors ?? []).map((each) => [each.path.replace(/^\$\.?/, ''), each.message]))
  return new Problem(
    response.status,
    body.code ?? 'unknown',
    body.title ?? 'Error',
    body.detail ?? `The server answered with the status ${response.status}.`,
    body.requestId ?? response.headers.get('x-request-id'),
    fields,
  )
}

/** A proxy before the server answers in HTML. */
async function bodyOf(response: Response): Promise<ProblemBody> {
  if (!response.headers.get('content-type')?.includes('json')) return {}
  return (await response.json()) as ProblemBody
}
