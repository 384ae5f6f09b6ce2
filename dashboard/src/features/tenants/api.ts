import { queryOptions } from '@tanstack/react-query'
import { answerOf, api } from '@/api/client'

export const tenantsQuery = queryOptions({
  queryKey: ['tenants'],
  queryFn: async () => (await answerOf(api.GET('/api/v1/tenants'))).data,
})

export const tenantQuery = (tenantId: string) =>
  queryOptions({
    queryKey: ['tenants', tenantId],
    queryFn: async () =>
      (await answerOf(api.GET('/api/v1/tenants/{tenantId}', { params: { path: { tenantId } } }))).data,
  })
