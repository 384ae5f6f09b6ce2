import { answerOf, api } from '@/api/client'
import type { components } from '@/api/schema'
import { pagesQuery } from '@/app/pages'

export type AuditLine = components['schemas']['AuditLine']

export interface AuditFilters {
  action?: string
  adminId?: string
}

export const auditQuery = (tenantId: string, filters: AuditFilters) =>
  pagesQuery<AuditLine>(['tenants', tenantId, 'audit', filters], (cursor) =>
    answerOf(
      api.GET('/api/v1/audit-log', {
        params: { query: { tenantId, ...filters, cursor: cursor === undefined ? undefined : Number(cursor) } },
      }),
    ),
  )
