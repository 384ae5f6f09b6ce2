import type { Role } from '@/features/tenants/roles'
import { EmptyState } from '@/components/EmptyState'

/** In place of a page that the member's role does not open. `role`: the least one that does. */
export function NoAccess({ role }: { role: Role }) {
  return (
    <EmptyState
      title="Your role does not include this"
      body={`It takes the role “${role}” at this tenant${role === 'owner' ? '' : ', or a higher one'}. An owner of the tenant can change yours.`}
    />
  )
}
