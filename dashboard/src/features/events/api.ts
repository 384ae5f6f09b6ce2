import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { answerOf, api } from '@/api/client'
import type { components } from '@/api/schema'

export type ListedEvent = components['schemas']['ListedEvent']
export type RejectedEvent = components['schemas']['RejectedEvent']
export type EventType = components['schemas']['EventIn']['eventType']

export interface EventFilters {
  userId?: string
  productId?: string
  eventType?: EventType
  placementId?: string
}

export const EVENT_TYPES = [
  'impression', 'click', 'view', 'add_to_cart', 'remove_from_cart', 'wishlist', 'purchase', 'search', 'return', 'dislike',
] as const satisfies readonly EventType[]

/** An event's type in words: `add_to_cart` as "Add to cart". */
export function typeLabel(eventType: string): string {
  const words = eventType.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

const PAGE = 50

/** Newest first, by when they happened. */
export const eventsQuery = (tenantId: string, filters: EventFilters) =>
  infiniteQueryOptions({
    queryKey: ['tenants', tenantId, 'events', filters],
    queryFn: async ({ pageParam: cursor }) =>
      answerOf(
        api.GET('/api/v1/tenants/{tenantId}/events', {
          params: { path: { tenantId }, query: { ...filters, limit: PAGE, cursor } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.meta.nextCursor ?? undefined,
  })

/** What was received after a moment, newest first by that. */
export async function received(tenantId: string, filters: EventFilters, after: string): Promise<ListedEvent[]> {
  const query = { ...filters, limit: 100, after }
  return (await answerOf(api.GET('/api/v1/tenants/{tenantId}/events', { params: { path: { tenantId }, query } }))).data
}

export const rejectedQuery = (tenantId: string) =>
  queryOptions({
    queryKey: ['tenants', tenantId, 'rejected events'],
    queryFn: async () =>
      (await answerOf(api.GET('/api/v1/tenants/{tenantId}/events/rejected', { params: { path: { tenantId } } }))).data,
    refetchInterval: 10_000,
  })
