import { useSuspenseQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { tenantQuery, type Tenant } from '@/features/tenants/api'
import { includes, type Role } from '@/features/tenants/roles'

export type { Tenant } from '@/features/tenants/api'

/** The tenant of the path, with its config and the role of who looks; pages below a tenant have it loaded. */
export function useTenant(): Tenant {
  const { tenantId } = useParams({ strict: false }) as { tenantId: string }
  return useSuspenseQuery(tenantQuery(tenantId)).data
}

/** Whether one may do here what needs this role. The server asks again; this spares a button that would be refused. */
export function useCan(needed: Role): boolean {
  return includes(useTenant().role, needed)
}
