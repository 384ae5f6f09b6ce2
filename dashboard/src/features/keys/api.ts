import { answerOf, api } from '@/api/client'
import type { components } from '@/api/schema'
import { pagesQuery } from '@/app/pages'
import { queries } from '@/app/queries'

export type Key = components['schemas']['Key']
export type NewKey = components['schemas']['NewKey']

const PAGE = 100

export const keysQuery = (tenantId: string) =>
  pagesQuery<Key>(['tenants', tenantId, 'keys'], (cursor) =>
    answerOf(api.GET('/api/v1/tenants/{tenantId}/api-keys', { params: { path: { tenantId }, query: { limit: PAGE, cursor } } })),
  )

const changed = (tenantId: string) => queries.invalidateQueries({ queryKey: keysQuery(tenantId).queryKey })

export async function createKey(tenantId: string, body: components['schemas']['KeyIn']): Promise<NewKey> {
  const { data } = await answerOf(api.POST('/api/v1/tenants/{tenantId}/api-keys', { params: { path: { tenantId } }, body }))
  await changed(tenantId)
  return data
}

export async function rotateKey(tenantId: string, keyId: string, overlapHours: number): Promise<NewKey> {
  const params = { path: { tenantId, keyId } }
  const { data } = await answerOf(
    api.POST('/api/v1/tenants/{tenantId}/api-keys/{keyId}/rotate', { params, body: { overlapHours } }),
  )
  await changed(tenantId)
  return data
}

export async function revokeKey(tenantId: string, keyId: string): Promise<void> {
  await api.DELETE('/api/v1/tenants/{tenantId}/api-keys/{keyId}', { params: { path: { tenantId, keyId } } })
  await changed(tenantId)
}
