import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { answerOf, api } from '@/api/client'
import type { Metric, Overview, ProductMetric, Step } from '@/features/analytics/figures'

/** Of which days, credited to which placement and strategy. */
export interface Asked {
  from: string
  to: string
  placementId?: string
  strategy?: string
}

const TODAY_EVERY_MS = 15_000

export const overviewQuery = (tenantId: string, asked: Asked, compare: boolean) =>
  queryOptions({
    queryKey: ['tenants', tenantId, 'analytics', 'overview', asked, compare],
    queryFn: async () => {
      const query = { ...asked, ...(compare ? { compare: 'previous' as const } : {}) }
      const path = '/api/v1/tenants/{tenantId}/analytics/overview'
      return (await answerOf(api.GET(path, { params: { path: { tenantId }, query } }))).data as Overview
    },
    placeholderData: keepPreviousData,
  })

export interface SeriesAsked extends Asked {
  metric: Metric
  interval: 'day' | 'hour'
  groupBy?: 'placementId' | 'strategy'
}

export const seriesQuery = (tenantId: string, query: SeriesAsked) =>
  queryOptions({
    queryKey: ['tenants', tenantId, 'analytics', 'timeseries', query],
    queryFn: async () => {
      const path = '/api/v1/tenants/{tenantId}/analytics/timeseries'
      return (await answerOf(api.GET(path, { params: { path: { tenantId }, query } }))).data
    },
    placeholderData: keepPreviousData,
  })

export const funnelQuery = (tenantId: string, query: Asked) =>
  queryOptions({
    queryKey: ['tenants', tenantId, 'analytics', 'funnel', query],
    queryFn: async () => {
      const path = '/api/v1/tenants/{tenantId}/analytics/funnel'
      return (await answerOf(api.GET(path, { params: { path: { tenantId }, query } }))).data.steps as Step[]
    },
    placeholderData: keepPreviousData,
  })

export const topProductsQuery = (tenantId: string, { from, to }: Asked, metric: ProductMetric) =>
  queryOptions({
    queryKey: ['tenants', tenantId, 'analytics', 'top-products', from, to, metric],
    queryFn: async () => {
      const path = '/api/v1/tenants/{tenantId}/analytics/top-products'
      const query = { from, to, metric, limit: 20 }
      return (await answerOf(api.GET(path, { params: { path: { tenantId }, query } }))).data
    },
    placeholderData: keepPreviousData,
  })

export const todayQuery = (tenantId: string) =>
  queryOptions({
    queryKey: ['tenants', tenantId, 'analytics', 'live'],
    queryFn: async () => {
      const path = '/api/v1/tenants/{tenantId}/analytics/live'
      return (await answerOf(api.GET(path, { params: { path: { tenantId } } }))).data
    },
    refetchInterval: TODAY_EVERY_MS,
  })
