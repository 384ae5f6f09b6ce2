import { queryOptions } from '@tanstack/react-query'
import { answerOf, api } from '@/api/client'

/** Names of placements that had impressions in the last 30 days. */
export const placementsQuery = (tenantId: string) =>
  queryOptions({
    queryKey: ['tenants', tenantId, 'placements'],
    queryFn: async () => {
      const path = '/api/v1/tenants/{tenantId}/analytics/timeseries'
      const query = { metric: 'impressions' as const, groupBy: 'placementId' as const }
      const { data } = await answerOf(api.GET(path, { params: { path: { tenantId }, query } }))
      return [...new Set(data.map((point) => point.placementId ?? ''))].filter((name) => name !== '')
    },
  })
