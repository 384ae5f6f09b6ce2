import { useSuspenseQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import type { components } from '@/api/schema'
import { tenantQuery } from '@/features/tenants/api'
import { includes, type Role } from '@/features/tenants/roles'

export type Tenant = components['schemas']['Tenant'] & { role: Role }

/** The tenant of the path, with its config and the role of who looks; pages below a tenant have it loaded. */
export function useTenant(): Tenant {
  const { tenantId } = useParams({ strict: false }) as { tenantId: string }
  const { data } = useSuspenseQuery(tenantQuery(tenantId))
  return { role: 'owner', ...data }
}

/** Whether one may do here what needs this role. The server asks again; this spares a button that would be refused. */
export function useCan(needed: Role): boolean {
  return includes(useTenant().role, needed)
}
