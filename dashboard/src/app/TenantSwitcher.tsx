import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { showPalette } from '@/app/palette'
import { Icon } from '@/components/Icon'
import { tenantQuery } from '@/features/tenants/api'

/** The tenant one is at; a click lists all others, to be searched. */
export function TenantSwitcher() {
  const { tenantId } = useParams({ strict: false }) as { tenantId?: string }
  const { data: tenant } = useQuery({ ...tenantQuery(tenantId ?? ''), enabled: tenantId !== undefined })
  const name = tenantId === undefined ? 'Choose a tenant' : (tenant?.name ?? '…')
  return (
    <button
      type="button"
      onClick={() => showPalette('tenants')}
      className="flex h-9 items-center gap-2 rounded-md px-2 text-left font-semibold hover:bg-sunken"
    >
      <span className="min-w-0 flex-1 truncate">{name}</span>
      <span className="sr-only">: switch the tenant</span>
      <Icon name="switch" />
    </button>
  )
}
