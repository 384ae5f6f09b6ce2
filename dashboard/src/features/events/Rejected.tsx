import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { CodeBlock } from '@/components/Copy'
import { DataTable, type Column } from '@/components/DataTable'
import { Dialog } from '@/components/Dialog'
import { EmptyState } from '@/components/EmptyState'
import { ErrorState } from '@/components/ErrorState'
import { Loading } from '@/components/Loading'
import { ago, dateTime } from '@/components/format'
import { rejectedQuery, type RejectedEvent } from '@/features/events/api'
import { useTenant } from '@/features/tenants/current'

const SOURCES: Record<string, string> = { event: 'One event', batch: 'Batch', segment: 'Segment' }

type Row = RejectedEvent & { key: string; open: () => void }

const COLUMNS: readonly Column<Row>[] = [
  {
    id: 'when',
    header: 'When',
    className: 'whitespace-nowrap',
    cell: (row) => (
      <button type="button" onClick={row.open} className="text-left underline decoration-dotted underline-offset-4 hover:decoration-solid" title={dateTime(row.at)}>
        <span className="sr-only">Show what was sent </span>
        {ago(row.at)}
      </button>
    ),
  },
  { id: 'reason', header: 'Reason', cell: (row) => <span className="break-words">{row.reason}</span> },
  {
    id: 'code',
    header: 'Code',
    isWideOnly: true,
    cell: (row) => <code className="font-mono text-sm">{row.code}</code>,
  },
  { id: 'source', header: 'Came as', isWideOnly: true, cell: (row) => SOURCES[row.source] ?? row.source },
]

/** The newest that were refused. Whoever sent them was told the same. */
export function Rejected() {
  const { id } = useTenant()
  const [opened, setOpened] = useState<RejectedEvent | null>(null)
  const { data, error, refetch } = useQuery(rejectedQuery(id))
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (data === undefined) return <Loading />
  const rows = data.map((one, index) => ({ ...one, key: `${one.at} ${index}`, open: () => setOpened(one) }))
  return (
    <div className="flex flex-col gap-3">
      <p className="text-sm text-muted">The newest 100 of the last 7 days. Files tell what they reject where they are imported.</p>
      <DataTable
        label="Rejected events"
        columns={COLUMNS}
        rows={rows}
        rowKey={(row) => row.key}
        empty={<EmptyState title="Nothing was rejected" body="Events with a fault would appear here with the reason." />}
      />
      <Dialog title="Rejected event" size="medium" isOpen={opened !== null} onClose={() => setOpened(null)}>
        {opened !== null && (
          <>
            <p className="break-words">{opened.reason}</p>
            <CodeBlock label="What was sent" code={pretty(opened.sent)} />
          </>
        )}
      </Dialog>
    </div>
  )
}

/** JSON on several lines, and what is cut short or no JSON as it is. */
function pretty(sent: string): string {
  try {
    return JSON.stringify(JSON.parse(sent), null, 2)
  } catch {
    return sent
  }
}
