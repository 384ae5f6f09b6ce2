import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import type { components } from '@/api/schema'
import { answerOf, api } from '@/api/client'
import { toast } from '@/components/toast'

export type ModelVersion = components['schemas']['ModelVersion']
export type ContextReport = components['schemas']['ContextReport']
export type Replay = components['schemas']['Replay']
export type ReplayCase = components['schemas']['ReplayCase']
export type ReplaySummary = components['schemas']['ReplaySummary']

const BUILDING_MS = 1_500

export const versionsQuery = (tenantId: string) =>
  queryOptions({
    queryKey: ['tenants', tenantId, 'models'],
    queryFn: async () =>
      (await answerOf(api.GET('/api/v1/tenants/{tenantId}/models', { params: { path: { tenantId } } }))).data,
  })

/** How the newest build stands; asked again and again while one runs. */
export const statusQuery = (tenantId: string) =>
  queryOptions({
    queryKey: ['tenants', tenantId, 'model'],
    queryFn: async () =>
      (await answerOf(api.GET('/api/v1/tenants/{tenantId}/model', { params: { path: { tenantId } } }))).data,
    refetchInterval: (query) => (query.state.data?.status === 'building' ? BUILDING_MS : false),
  })

export const replayQuery = (tenantId: string) =>
  queryOptions({
    queryKey: ['tenants', tenantId, 'replay'],
    queryFn: async () =>
      (await answerOf(api.GET('/api/v1/tenants/{tenantId}/model/replay', { params: { path: { tenantId } } }))).data,
  })

/** Has the model built now. */
export function useRefresh(tenantId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => answerOf(api.POST('/api/v1/tenants/{tenantId}/model/refresh', { params: { path: { tenantId } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: statusQuery(tenantId).queryKey }),
    onError: (error) => toast({ title: error.message, tone: 'bad' }),
  })
}
