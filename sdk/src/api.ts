/**
 * Lists of products. Those that a page asks for in one tick are one request, which brings each placement's widget too.
 */
import { settings } from './config.ts'
import { encode } from './encode.ts'
import { fault } from './faults.ts'
import { shopperId } from './shopper.ts'
import { post, type Answer } from './transport.ts'
import type { Placement } from './types.ts'

const PLACEMENTS_A_REQUEST = 20
const DEADLINE_MS = 2000

type Asked = [request: object, answered: (placement: Placement | undefined) => void]

let asked: Asked[] = []

/** The placement's widget and list; undefined where none came in time. */
export function placementOf(request: object): Promise<Placement | undefined> {
  return new Promise((answered) => {
    if (!asked.length) queueMicrotask(askAll)
    asked.push([request, answered])
  })
}

export function ask(path: string, request: object): Promise<Answer> {
  const userId = shopperId()
  const sessionId = (userId && settings.sessionId) || undefined
  return post(path, encode({ key: settings.key, userId, sessionId, ...request }), DEADLINE_MS)
}

async function askAll(): Promise<void> {
  const some = asked.splice(0, PLACEMENTS_A_REQUEST)
  if (asked.length) queueMicrotask(askAll)
  const answer = await ask('widgets/page', { placements: some.map(([request]) => request) })
  some.forEach(([, answered], index) => {
    const given = (answer.data as Placement[] | undefined)?.[index]
    const isWhole = given?.widget && given.meta && Array.isArray(given.data)
    if (answer.data && !isWhole) fault('api_answer')
    answered(isWhole ? given : undefined)
  })
}
