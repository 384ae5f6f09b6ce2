import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { answerOf, api } from '@/api/client'
import type { components } from '@/api/schema'
import { queries } from '@/app/queries'
import type { Period } from '@/components/DateRange'

export type Tenant = components['schemas']['Tenant']
export type Glance = components['schemas']['ShopGlance']
export type TenantConfig = components['schemas']['TenantConfig']

const PAGE = 100
const MOST = 2_000

/** All tenants of who asks, up to 2,000: they are searched, sorted and switched between here. */
export const tenantsQuery = queryOptions({
  queryKey: ['tenants'],
  queryFn: async () => {
    const found: Tenant[] = []
    let cursor: string | undefined
    do {
      const page = await answerOf(api.GET('/api/v1/tenants', { params: { query: { limit: PAGE, cursor } } }))
      found.push(...page.data)
      cursor = page.meta.nextCursor ?? undefined
    } while (cursor !== undefined && found.length < MOST)
    return found
  },
})

export const tenantQuery = (tenantId: string) =>
  queryOptions({
    queryKey: ['tenants', tenantId],
    queryFn: async () =>
      (await answerOf(api.GET('/api/v1/tenants/{tenantId}', { params: { path: { tenantId } } }))).data,
  })

const GLANCES = 20

/** The figures of all tenants, those of a page at a time. */
export const overviewQuery = ({ from, to }: Period) =>
  infiniteQueryOptions({
    queryKey: ['overview', from, to],
    queryFn: ({ pageParam }) =>
      answerOf(api.GET('/api/v1/overview', { params: { query: { from, to, limit: GLANCES, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.meta.nextCursor ?? undefined,
  })

/** Whatever shows a tenant asks again. */
async function changed(tenant: Tenant): Promise<Tenant> {
  queries.setQueryData(tenantQuery(tenant.id).queryKey, tenant)
  await Promise.all([
    queries.invalidateQueries({ queryKey: tenantsQuery.queryKey, exact: true }),
    queries.invalidateQueries({ queryKey: ['overview'] }),
  ])
  return tenant
}

export async function createTenant(body: components['schemas']['TenantIn']): Promise<Tenant> {
  return changed((await answerOf(api.POST('/api/v1/tenants', { body }))).data)
}

export async function suspendTenant(tenantId: string): Promise<Tenant> {
  return changed((await answerOf(api.POST('/api/v1/tenants/{tenantId}/suspend', { params: { path: { tenantId } } }))).data)
}

export async function activateTenant(tenantId: string): Promise<Tenant> {
  return changed((await answerOf(api.POST('/api/v1/tenants/{tenantId}/activate', { params: { path: { tenantId } } }))).data)
}

export async function changeTenant(tenantId: string, body: components['schemas']['TenantPatch']): Promise<Tenant> {
  return changed((await answerOf(api.PATCH('/api/v1/tenants/{tenantId}', { params: { path: { tenantId } }, body }))).data)
}

export async function deleteTenant(tenantId: string): Promise<void> {
  await api.DELETE('/api/v1/tenants/{tenantId}', { params: { path: { tenantId } } })
  await Promise.all([
    queries.invalidateQueries({ queryKey: tenantsQuery.queryKey, exact: true }),
    queries.invalidateQueries({ queryKey: ['overview'] }),
  ])
}
