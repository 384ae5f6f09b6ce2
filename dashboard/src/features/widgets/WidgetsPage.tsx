import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import { LinkButton } from '@/components/Button'
import { DataTable, type Column } from '@/components/DataTable'
import { EmptyState } from '@/components/EmptyState'
import { ErrorState } from '@/components/ErrorState'
import { Loading } from '@/components/Loading'
import { Menu } from '@/components/Menu'
import { Page } from '@/components/Page'
import { ago, dateTime, number } from '@/components/format'
import { useDelete, widgetsQuery, type Widget } from '@/features/widgets/api'
import { strategyName } from '@/features/widgets/fields'
import { useCan, useTenant } from '@/features/tenants/current'

export function WidgetsPage() {
  const { id } = useTenant()
  const mayChange = useCan('developer')
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(widgetsQuery(id))
  const columns = useColumns(id, mayChange)
  const add = mayChange && (
    <LinkButton variant="primary" to="/dashboard/tenants/$tenantId/widgets/$widgetId" params={{ tenantId: id, widgetId: 'new' }}>
      New widget
    </LinkButton>
  )
  return (
    <Page title="Widgets" intro="What stands at each placement of the shop, and how it looks there. A placement without a widget looks as by default." actions={add}>
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <Loading />
      ) : (
        <DataTable
          label="Widgets"
          columns={columns}
          rows={data}
          rowKey={(row) => row.id}
          empty={<EmptyState title="No widget yet" body="Every placement looks as by default, and has the shop’s default strategy." action={add} />}
          onMore={hasNextPage ? () => void fetchNextPage() : undefined}
          isLoadingMore={isFetchingNextPage}
        />
      )}
    </Page>
  )
}

function useColumns(tenantId: string, mayChange: boolean): Column<Widget>[] {
  const { mutate: remove } = useDelete(tenantId)
  return useMemo(() => {
    const columns: Column<Widget>[] = [
      {
        id: 'placement',
        header: 'Placement',
        cell: (row) => (
          <Link
            to="/dashboard/tenants/$tenantId/widgets/$widgetId"
            params={{ tenantId, widgetId: row.id }}
            className="font-medium break-all text-accent underline-offset-2 hover:underline"
          >
            {row.placementId}
          </Link>
        ),
        sort: (row) => row.placementId,
      },
      { id: 'title', header: 'Title', cell: (row) => row.title ?? '–', sort: (row) => row.title, isWideOnly: true },
      { id: 'layout', header: 'Layout', cell: (row) => row.layout, sort: (row) => row.layout },
      { id: 'strategy', header: 'Strategy', cell: (row) => strategyName(row.strategy), sort: (row) => strategyName(row.strategy), isWideOnly: true },
      { id: 'items', header: 'Products', cell: (row) => number(row.maxItems), sort: (row) => row.maxItems, align: 'end', isWideOnly: true },
      { id: 'changed', header: 'Changed', cell: (row) => <time title={dateTime(row.updatedAt)}>{ago(row.updatedAt)}</time>, sort: (row) => row.updatedAt, isWideOnly: true },
    ]
    if (!mayChange) return columns
    const actions: Column<Widget> = {
      id: 'actions',
      header: 'Actions',
      cell: (row) => <Menu label={`Actions of ${row.placementId}`} items={[{ label: 'Delete', onAction: () => remove(row), isDanger: true }]} />,
      align: 'end',
      className: 'py-0.5!',
    }
    return [...columns, actions]
  }, [tenantId, mayChange, remove])
}
