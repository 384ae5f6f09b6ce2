import { queryOptions } from '@tanstack/react-query'
import { answerOf, api } from '@/api/client'
import type { components } from '@/api/schema'

export type SeenShopper = components['schemas']['SeenShopper']
export type Shopper = components['schemas']['Shopper']
export type Robot = components['schemas']['Robot']

/** The last seen first; with a beginning, those whose ids begin so. */
export const shoppersQuery = (tenantId: string, startsWith: string) =>
  queryOptions({
    queryKey: ['tenants', tenantId, 'shoppers', startsWith],
    queryFn: async () =>
      (
        await answerOf(
          api.GET('/api/v1/tenants/{tenantId}/shoppers', {
            params: { path: { tenantId }, query: { startsWith: startsWith || undefined, limit: 50 } },
          }),
        )
      ).data,
  })

export const shopperQuery = (tenantId: string, userId: string) =>
  queryOptions({
    queryKey: ['tenants', tenantId, 'shopper', userId],
    queryFn: async () =>
      (
        await answerOf(
          api.GET('/api/v1/tenants/{tenantId}/shoppers/{userId}', { params: { path: { tenantId, userId } } }),
        )
      ).data,
  })

export async function markRobot(tenantId: string, userId: string): Promise<void> {
  await api.PUT('/api/v1/tenants/{tenantId}/robots/{userId}', { params: { path: { tenantId, userId } } })
}

export async function clearRobot(tenantId: string, userId: string): Promise<void> {
  await api.DELETE('/api/v1/tenants/{tenantId}/robots/{userId}', { params: { path: { tenantId, userId } } })
}
