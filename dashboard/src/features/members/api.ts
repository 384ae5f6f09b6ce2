import { answerOf, api } from '@/api/client'
import type { components } from '@/api/schema'
import { pagesQuery } from '@/app/pages'
import { queries } from '@/app/queries'
import type { Role } from '@/features/tenants/roles'

export type Member = components['schemas']['MemberOut']
export type Invitation = components['schemas']['Invitation']

const PAGE = 100

export const membersQuery = (tenantId: string) =>
  pagesQuery<Member>(['tenants', tenantId, 'members'], (cursor) =>
    answerOf(api.GET('/api/v1/tenants/{tenantId}/members', { params: { path: { tenantId }, query: { limit: PAGE, cursor } } })),
  )

export const invitationsQuery = (tenantId: string) =>
  pagesQuery<Invitation>(['tenants', tenantId, 'invitations'], (cursor) =>
    answerOf(
      api.GET('/api/v1/tenants/{tenantId}/invitations', { params: { path: { tenantId }, query: { limit: PAGE, cursor } } }),
    ),
  )

/** Everything of the tenant is asked for again: one's own role may be another now. */
const changed = (tenantId: string) => queries.invalidateQueries({ queryKey: ['tenants', tenantId] })

export async function changeRole(tenantId: string, adminId: string, role: Role): Promise<void> {
  await api.PATCH('/api/v1/tenants/{tenantId}/members/{adminId}', { params: { path: { tenantId, adminId } }, body: { role } })
  await changed(tenantId)
}

/** Of oneself it is leaving: what is shown of the tenant is to be left first, then asked for anew. */
export async function deleteMember(tenantId: string, adminId: string): Promise<void> {
  await api.DELETE('/api/v1/tenants/{tenantId}/members/{adminId}', { params: { path: { tenantId, adminId } } })
}

export async function removeMember(tenantId: string, adminId: string): Promise<void> {
  await deleteMember(tenantId, adminId)
  await queries.invalidateQueries({ queryKey: membersQuery(tenantId).queryKey })
}

export async function invite(tenantId: string, body: components['schemas']['InvitationIn']): Promise<void> {
  await api.POST('/api/v1/tenants/{tenantId}/invitations', { params: { path: { tenantId } }, body })
  await queries.invalidateQueries({ queryKey: invitationsQuery(tenantId).queryKey })
}

export async function revokeInvitation(tenantId: string, invitationId: string): Promise<void> {
  const path = { tenantId, invitationId }
  await api.DELETE('/api/v1/tenants/{tenantId}/invitations/{invitationId}', { params: { path } })
  await queries.invalidateQueries({ queryKey: invitationsQuery(tenantId).queryKey })
}
