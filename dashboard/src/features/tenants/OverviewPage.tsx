import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { EmptyState } from '@/components/EmptyState'
import { ErrorState } from '@/components/ErrorState'
import { Loading } from '@/components/Loading'
import { Page } from '@/components/Page'
import { tenantsQuery } from '@/features/tenants/api'

export function OverviewPage() {
  const { data, error, refetch } = useQuery(tenantsQuery)
  return (
    <Page title="Overview">
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <Loading />
      ) : data.length === 0 ? (
        <EmptyState title="No tenants yet" body="A tenant is one shop: its catalog, its events and its model." />
      ) : (
        <ul>
          {data.map((tenant) => (
            <li key={tenant.id}>
              <Link to="/dashboard/tenants/$tenantId" params={{ tenantId: tenant.id }}>
                {tenant.name}
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Page>
  )
}
