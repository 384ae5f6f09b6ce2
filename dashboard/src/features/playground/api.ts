import { queryOptions } from '@tanstack/react-query'
import { answerOf, api } from '@/api/client'
import type { components } from '@/api/schema'

export type PlaygroundIn = components['schemas']['PlaygroundIn']

/** Lists as they would be now. Nothing of it counts as served. */
export const playgroundQuery = (tenantId: string, asked: PlaygroundIn) =>
  queryOptions({
    queryKey: ['tenants', tenantId, 'playground', asked],
    queryFn: async () =>
      (
        await answerOf(
          api.POST('/api/v1/tenants/{tenantId}/playground', { params: { path: { tenantId } }, body: asked }),
        )
      ).data,
    placeholderData: (before) => before,
  })
