import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { answerOf, api } from '@/api/client'
import type { components } from '@/api/schema'

export type Item = components['schemas']['ItemOut']

export interface CatalogFilters {
  q?: string
  category?: string
  available?: boolean
}

const PAGE = 100

export const catalogQuery = (tenantId: string, filters: CatalogFilters) =>
  infiniteQueryOptions({
    queryKey: ['tenants', tenantId, 'catalog', filters],
    queryFn: async ({ pageParam: cursor }) =>
      answerOf(
        api.GET('/api/v1/tenants/{tenantId}/catalog', {
          params: { path: { tenantId }, query: { ...filters, limit: PAGE, cursor } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.meta.nextCursor ?? undefined,
  })

export const itemQuery = (tenantId: string, productId: string) =>
  queryOptions({
    queryKey: ['tenants', tenantId, 'item', productId],
    queryFn: async () =>
      (
        await answerOf(
          api.GET('/api/v1/tenants/{tenantId}/catalog/{productId}', { params: { path: { tenantId, productId } } }),
        )
      ).data,
  })

export const relatedQuery = (tenantId: string, productId: string) =>
  queryOptions({
    queryKey: ['tenants', tenantId, 'related', productId],
    queryFn: async () =>
      (
        await answerOf(
          api.GET('/api/v1/tenants/{tenantId}/catalog/{productId}/related', {
            params: { path: { tenantId, productId }, query: { limit: 8 } },
          }),
        )
      ).data,
  })
