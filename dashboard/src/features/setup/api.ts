import { queryOptions } from '@tanstack/react-query'
import type { components } from '@/api/schema'
import { answerOf, api } from '@/api/client'
import type { Period } from '@/components/DateRange'

export type Setup = components['schemas']['Setup']
export type SetupStep = components['schemas']['SetupStep']

const WAITING_MS = 2_000
const UNFINISHED_MS = 10_000

const isDone = (setup: Setup, step: SetupStep['step']): boolean => setup.steps.some((each) => each.step === step && each.done)

/** The checklist; asked every other second while the first event is awaited, and now and then until all is done. */
export const setupQuery = (tenantId: string) =>
  queryOptions({
    queryKey: ['tenants', tenantId, 'setup'],
    queryFn: async () =>
      (await answerOf(api.GET('/api/v1/tenants/{tenantId}/setup', { params: { path: { tenantId } } }))).data,
    refetchInterval: ({ state }) =>
      state.data === undefined || state.data.done ? false : isDone(state.data, 'event') ? UNFINISHED_MS : WAITING_MS,
  })

/** The tag for pages. Asking for it makes its key, where there is none. */
export const snippetQuery = (tenantId: string) =>
  queryOptions({
    queryKey: ['tenants', tenantId, 'snippet'],
    queryFn: async () =>
      (await answerOf(api.GET('/api/v1/tenants/{tenantId}/snippet', { params: { path: { tenantId } } }))).data,
    staleTime: Infinity,
  })

export const glanceQuery = (tenantId: string, { from, to }: Period) =>
  queryOptions({
    queryKey: ['tenants', tenantId, 'glance', from, to],
    queryFn: async () =>
      (
        await answerOf(
          api.GET('/api/v1/tenants/{tenantId}/analytics/overview', {
            params: { path: { tenantId }, query: { from, to, compare: 'previous' } },
          }),
        )
      ).data,
  })
