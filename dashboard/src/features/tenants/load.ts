import { queries } from '@/app/queries'
import { tenantQuery } from '@/features/tenants/api'

/** Before any page of the tenant: they all need its name, its config and one's role there. */
export async function loadTenant(tenantId: string): Promise<void> {
  await queries.ensureQueryData(tenantQuery(tenantId))
}
