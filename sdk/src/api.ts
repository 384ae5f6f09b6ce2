/**
 * Lists of products. Those that a page asks for in one tick are one request, which brings each placement's widget too.
 */
import { settings } from './config.ts'
import { fault } from './faults.ts'
import { shopperId } from './shopper.ts'
import { post, type Answer } from './transport.ts'
import type { Placement } from './types.ts'

const enum Limit {
  PLACEMENTS = 20,
  DEADLINE_MS = 2000,
}

type Asked = [request: object, answered: (placement?: Placement) => void]

const asked: Asked[] = []

/** The placement's widget and list; undefined where none came in time. */
export function placementOf(request: object): Promise<Placement | undefined> {
  return new Promise((answered) => {
    if (asked.push([request, answered]) === 1) queueMicrotask(askAll)
  })
}

export function ask(path: string, request: object): Promise<Answer> {
  const userId = shopperId()
  return post(path, { userId, sessionId: userId && settings.sessionId, ...request }, Limit.DEADLINE_MS)
}

async function askAll(): Promise<void> {
  const some = asked.splice(0, Limit.PLACEMENTS)
  if (asked[0]) void askAll()
  const answer = ask('widgets/page', { placements: Array.from(some, ([request]) => request) })
  // The first number that a page formats costs ten times what a list does, so it is one while nobody waits for it.
  ;(0).toLocaleString()
  const { data } = await answer
  some.forEach(([, answered], index) => {
    const placement = (data as Placement[] | undefined)?.[index]
    if (Array.isArray(placement?.data)) answered(placement)
    else answered(fault('no_list') as undefined)
  })
}
