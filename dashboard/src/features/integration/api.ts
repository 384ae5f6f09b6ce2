import { queryOptions } from '@tanstack/react-query'
import type { components } from '@/api/schema'
import { answerOf, api } from '@/api/client'

export type Integration = components['schemas']['Integration']
export type Finding = components['schemas']['Finding']
export type Receipt = NonNullable<Integration['receipts']>[number]

export const integrationQuery = (tenantId: string, days: number) =>
  queryOptions({
    queryKey: ['tenants', tenantId, 'integration', days],
    queryFn: async () =>
      (await answerOf(api.GET('/api/v1/tenants/{tenantId}/integration', { params: { path: { tenantId }, query: { days } } }))).data,
  })
