import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { DataTable, type Column } from '@/components/DataTable'
import { EmptyState } from '@/components/EmptyState'
import { ErrorState } from '@/components/ErrorState'
import { Loading } from '@/components/Loading'
import { Page } from '@/components/Page'
import { SearchField } from '@/components/SearchField'
import { ago, dateTime } from '@/components/format'
import { shoppersQuery, type SeenShopper } from '@/features/shoppers/api'
import { RobotBadge } from '@/features/shoppers/RobotBadge'
import { shoppersRoute } from '@/features/shoppers/routes'
import { useTenant } from '@/features/tenants/current'

type Row = SeenShopper & { tenantId: string }

const COLUMNS: readonly Column<Row>[] = [
  { id: 'id', header: 'Shopper', sort: (row) => row.userId, cell: (row) => <ShopperLink tenantId={row.tenantId} userId={row.userId} /> },
  {
    id: 'joined',
    header: 'The same as',
    isWideOnly: true,
    cell: (row) => (row.joinedWith === null ? '–' : <ShopperLink tenantId={row.tenantId} userId={row.joinedWith} />),
  },
  { id: 'robot', header: 'Robot', cell: (row) => (row.robot === null ? '–' : <RobotBadge status={row.robot} />) },
  {
    id: 'seen',
    header: 'Last event',
    align: 'end',
    sort: (row) => row.lastSeenAt,
    className: 'whitespace-nowrap text-muted',
    cell: (row) => <time dateTime={row.lastSeenAt} title={dateTime(row.lastSeenAt)}>{ago(row.lastSeenAt)}</time>,
  },
]

function ShopperLink({ tenantId, userId }: { tenantId: string; userId: string }) {
  return (
    <Link
      to="/dashboard/tenants/$tenantId/shoppers/$userId"
      params={{ tenantId, userId }}
      className="font-mono text-sm break-all hover:underline"
    >
      {userId}
    </Link>
  )
}

export function ShoppersPage() {
  const { id } = useTenant()
  const { startsWith } = shoppersRoute.useSearch()
  const navigate = useNavigate({ from: shoppersRoute.fullPath })
  const { data, error, refetch } = useQuery(shoppersQuery(id, startsWith ?? ''))
  return (
    <Page title="Shoppers" intro={startsWith ? undefined : 'Who was here last.'}>
      <SearchField
        label="Find a shopper by the beginning of the id"
        placeholder="Beginning of an id"
        value={startsWith ?? ''}
        onChange={(value) => void navigate({ search: (old) => ({ ...old, startsWith: value || undefined }), replace: true })}
        className="max-w-md"
      />
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <Loading />
      ) : (
        <DataTable
          label="Shoppers"
          columns={COLUMNS}
          rows={data.map((shopper) => ({ ...shopper, tenantId: id }))}
          rowKey={(row) => row.userId}
          empty={
            startsWith ? (
              <EmptyState title="No id begins so" body="Capital letters count. Shoppers whose events are all in the archive are not found." />
            ) : (
              <EmptyState title="No shoppers yet" body="They appear with their first event." />
            )
          }
        />
      )}
    </Page>
  )
}
