import { useQuery } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { received, type EventFilters, type ListedEvent } from '@/features/events/api'

const EVERY_MS = 2_500
const MOST = 500
/** The server goes back ten minutes at most. */
const LONG_AGO = new Date(0).toISOString()

interface Tail {
  /** What came in since the page was opened, newest first. */
  fresh: ListedEvent[]
  error: unknown
}

/** Events as they come in. `known`: the page's first ones, undefined until they are there. */
export function useTail(tenantId: string, filters: EventFilters, known: readonly ListedEvent[] | undefined, isPaused: boolean): Tail {
  const [fresh, setFresh] = useState<ListedEvent[]>([])
  const newest = useRef<string | undefined>(undefined)
  const { error } = useQuery({
    queryKey: ['tenants', tenantId, 'events', filters, 'tail'],
    enabled: known !== undefined && !isPaused,
    refetchInterval: EVERY_MS,
    gcTime: 0,
    queryFn: async () => {
      const events = await received(tenantId, filters, newest.current ?? lastReceived(known) ?? LONG_AGO)
      newest.current = lastReceived(events) ?? newest.current
      setFresh((before) => without(events, [...before, ...(known ?? [])]).concat(before).slice(0, MOST))
      return events.length
    },
  })
  return { fresh, error }
}

/** The server repeats the events of two seconds, so that none is missed. */
function without(events: readonly ListedEvent[], seen: readonly ListedEvent[]): ListedEvent[] {
  const ids = new Set(seen.map((event) => event.id))
  return events.filter((event) => !ids.has(event.id))
}

function lastReceived(events: readonly ListedEvent[] | undefined): string | undefined {
  return events?.reduce<string | undefined>(
    (last, event) => (last === undefined || event.receivedAt > last ? event.receivedAt : last),
    undefined,
  )
}
