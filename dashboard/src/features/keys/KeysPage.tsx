import { useInfiniteQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { Badge } from '@/components/Badge'
import { Button } from '@/components/Button'
import { DataTable, type Column } from '@/components/DataTable'
import { EmptyState } from '@/components/EmptyState'
import { ErrorState } from '@/components/ErrorState'
import { ago, date, dateTime } from '@/components/format'
import { Loading } from '@/components/Loading'
import { Page } from '@/components/Page'
import { keysQuery, type Key } from '@/features/keys/api'
import { CreateKey } from '@/features/keys/CreateKey'
import { KeyMenu } from '@/features/keys/KeyMenu'
import { isRevoked, KINDS } from '@/features/keys/kinds'
import { useCan, useTenant } from '@/features/tenants/current'

export function KeysPage() {
  const { id } = useTenant()
  const mayMake = useCan('developer')
  const [isCreating, setCreating] = useState(false)
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(keysQuery(id))
  const columns = useMemo(() => (mayMake ? [...COLUMNS, ACTIONS] : COLUMNS), [mayMake])
  const create = mayMake && (
    <Button variant="primary" onClick={() => setCreating(true)}>
      Create a key
    </Button>
  )
  return (
    <Page title="Keys" intro="What the shop's pages and servers sign their requests with. A key is shown once, when it is made." actions={create}>
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <Loading />
      ) : (
        <DataTable
          label="Keys"
          columns={columns}
          rows={data}
          rowKey={(key) => key.id}
          empty={
            <EmptyState
              title="No keys yet"
              body="A publish key goes into the shop's pages; a read-write key stays on its servers."
              action={create}
            />
          }
          onMore={hasNextPage ? () => void fetchNextPage() : undefined}
          isLoadingMore={isFetchingNextPage}
        />
      )}
      <CreateKey isOpen={isCreating} onClose={() => setCreating(false)} />
    </Page>
  )
}

const COLUMNS: Column<Key>[] = [
  {
    id: 'name',
    header: 'Name',
    sort: (key) => key.name.toLowerCase(),
    cell: (key) => (
      <>
        <span className={`block font-medium break-words ${isRevoked(key) ? 'text-muted line-through' : ''}`}>{key.name}</span>
        <code className="font-mono text-xs text-muted">{key.prefix}…</code>
      </>
    ),
  },
  { id: 'permissions', header: 'Permission', sort: (key) => key.permissions, cell: (key) => <Permission of={key} /> },
  {
    id: 'origins',
    header: 'Origins',
    isWideOnly: true,
    cell: (key) =>
      key.permissions !== 'publish' ? (
        <span className="text-muted">–</span>
      ) : key.origins.length === 0 ? (
        <span className="text-muted">the tenant’s</span>
      ) : (
        <span className="break-all">{key.origins.join(', ')}</span>
      ),
  },
  {
    id: 'used',
    header: 'Last used',
    isWideOnly: true,
    sort: (key) => key.lastUsedAt,
    cell: (key) => (key.lastUsedAt ? <span title={dateTime(key.lastUsedAt)}>{ago(key.lastUsedAt)}</span> : <span className="text-muted">never</span>),
  },
  {
    id: 'created',
    header: 'Created',
    isWideOnly: true,
    sort: (key) => key.createdAt,
    cell: (key) => <span className="whitespace-nowrap">{date(key.createdAt)}</span>,
  },
]

const ACTIONS: Column<Key> = {
  id: 'actions',
  header: 'Actions',
  align: 'end',
  cell: (key) => (isRevoked(key) ? null : <KeyMenu subject={key} />),
}

function Permission({ of: key }: { of: Key }) {
  if (isRevoked(key)) return <Badge tone="bad">revoked</Badge>
  const kind = KINDS.find(({ value }) => value === key.permissions)
  return (
    <span className="flex flex-wrap gap-1">
      <Badge>{kind?.label ?? key.permissions}</Badge>
      {key.revokedAt && <Badge tone="warn">{`ends ${ago(key.revokedAt)}`}</Badge>}
    </span>
  )
}
