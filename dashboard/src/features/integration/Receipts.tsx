import { DataTable, type Column } from '@/components/DataTable'
import { ago, dateTime } from '@/components/format'
import type { Receipt } from '@/features/integration/api'

const COLUMNS: Column<Receipt>[] = [
  { id: 'at', header: 'Came', cell: (row) => <time title={dateTime(row.at)}>{ago(row.at)}</time>, sort: (row) => row.at },
  { id: 'source', header: 'From', cell: (row) => row.source, sort: (row) => row.source },
  { id: 'event', header: 'Event', cell: (row) => row.event, sort: (row) => row.event },
  { id: 'outcome', header: 'What became of it', cell: (row) => row.outcome, sort: (row) => row.outcome },
  { id: 'message', header: 'Message', cell: (row) => <code className="font-mono text-xs break-all">{row.messageId}</code>, isWideOnly: true },
]

/** receipts: absent while the server cannot reach where they lie. */
export function Receipts({ receipts }: { receipts: Receipt[] | undefined }) {
  if (receipts === undefined) return <p className="text-muted">They cannot be read just now. Check again in a moment.</p>
  return (
    <DataTable
      label="Receipts"
      columns={COLUMNS}
      rows={receipts}
      rowKey={(row) => `${row.at} ${row.messageId}`}
      empty="No such event came. They come to /v1/track, /v1/identify and /v1/batch, with a key as the write key."
    />
  )
}
