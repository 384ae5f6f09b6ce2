import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { answerOf, api } from '@/api/client'
import { queries } from '@/app/queries'
import type { Experiment, ExperimentIn, Status, Step, Strategy } from '@/features/experiments/words'

const ALL = '/api/v1/tenants/{tenantId}/experiments'
const ONE = '/api/v1/tenants/{tenantId}/experiments/{experimentId}'
const RESULTS_EVERY_MS = 60_000

export const experimentsQuery = (tenantId: string, status: Status | undefined) =>
  infiniteQueryOptions({
    queryKey: ['tenants', tenantId, 'experiments', 'list', status],
    queryFn: async ({ pageParam: cursor }) =>
      answerOf(api.GET(ALL, { params: { path: { tenantId }, query: { status, cursor } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.meta.nextCursor ?? undefined,
  })

export const experimentQuery = (tenantId: string, experimentId: string) =>
  queryOptions({
    queryKey: ['tenants', tenantId, 'experiments', experimentId],
    queryFn: async () => (await answerOf(api.GET(ONE, { params: { path: { tenantId, experimentId } } }))).data,
  })

export const resultsQuery = (tenantId: string, experimentId: string) =>
  queryOptions({
    queryKey: ['tenants', tenantId, 'experiments', experimentId, 'results'],
    queryFn: async () => (await answerOf(api.GET(`${ONE}/results`, { params: { path: { tenantId, experimentId } } }))).data,
    refetchInterval: RESULTS_EVERY_MS,
  })

export const byDayQuery = (tenantId: string, experimentId: string) =>
  queryOptions({
    queryKey: ['tenants', tenantId, 'experiments', experimentId, 'by-day'],
    queryFn: async () =>
      (await answerOf(api.GET(`${ONE}/results/by-day`, { params: { path: { tenantId, experimentId } } }))).data,
    staleTime: RESULTS_EVERY_MS,
  })

export const powerQuery = (tenantId: string, experimentId: string, lift: number) =>
  queryOptions({
    queryKey: ['tenants', tenantId, 'experiments', experimentId, 'power', lift],
    queryFn: async () =>
      (await answerOf(api.GET(`${ONE}/power`, { params: { path: { tenantId, experimentId }, query: { lift } } }))).data,
    placeholderData: keepPreviousData,
  })

export async function makeExperiment(tenantId: string, body: ExperimentIn): Promise<Experiment> {
  const made = await answerOf(api.POST(ALL, { params: { path: { tenantId } }, body }))
  await forget(tenantId)
  return made.data
}

export async function moveExperiment(tenantId: string, experimentId: string, step: Step): Promise<void> {
  await api.POST(`${ONE}/${step}`, { params: { path: { tenantId, experimentId } } })
  await forget(tenantId)
}

export async function deleteExperiment(tenantId: string, experimentId: string): Promise<void> {
  await api.DELETE(ONE, { params: { path: { tenantId, experimentId } } })
  await queries.invalidateQueries({ queryKey: ['tenants', tenantId, 'experiments', 'list'] })
}

const forget = (tenantId: string) => queries.invalidateQueries({ queryKey: ['tenants', tenantId, 'experiments'] })

/** The strategy becomes the one of the whole shop. */
export async function adoptForShop(tenantId: string, strategy: Strategy): Promise<void> {
  await api.PATCH('/api/v1/tenants/{tenantId}/config', { params: { path: { tenantId } }, body: { defaultStrategy: strategy } })
  await queries.invalidateQueries({ queryKey: ['tenants', tenantId], exact: true })
}

/** The strategy becomes the one of the placement's widget. */
export async function adoptForWidget(tenantId: string, widgetId: string, strategy: Strategy): Promise<void> {
  await api.PATCH('/api/v1/tenants/{tenantId}/widgets/{widgetId}', {
    params: { path: { tenantId, widgetId } },
    body: { strategy },
  })
  await queries.invalidateQueries({ queryKey: ['tenants', tenantId, 'widgets'] })
}

/** Of the tenant's widgets the one at the placement; null without one. */
export const widgetAtQuery = (tenantId: string, placementId: string) =>
  queryOptions({
    queryKey: ['tenants', tenantId, 'widgets', 'at', placementId],
    queryFn: async () => {
      const path = '/api/v1/tenants/{tenantId}/widgets'
      const { data } = await answerOf(api.GET(path, { params: { path: { tenantId }, query: { limit: 100 } } }))
      return data.find((widget) => widget.placementId === placementId) ?? null
    },
  })
