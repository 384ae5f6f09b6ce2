import { Badge } from '@/components/Badge'
import { DataTable, type Column } from '@/components/DataTable'
import { ago, dateTime, number } from '@/components/format'
import type { ModelVersion } from '@/features/models/api'

const MB = 1_000_000
const COLUMNS: Column<ModelVersion>[] = [
  { id: 'started', header: 'Begun', cell: (row) => <time title={row.startedAt}>{dateTime(row.startedAt)}</time>, sort: (row) => row.startedAt },
  { id: 'state', header: 'State', cell: (row) => <State version={row} /> },
  { id: 'seconds', header: 'Seconds', cell: (row) => number(row.buildSeconds, { maximumFractionDigits: 1 }), sort: (row) => row.buildSeconds, align: 'end' },
  { id: 'events', header: 'Events', cell: (row) => (row.builtAt === null ? number(null) : number(row.events)), sort: (row) => row.events, align: 'end' },
  { id: 'items', header: 'Products', cell: (row) => (row.builtAt === null ? number(null) : number(row.items)), align: 'end', isWideOnly: true },
  { id: 'size', header: 'MB', cell: (row) => number(row.bytes === null ? null : row.bytes / MB, { maximumFractionDigits: 1 }), align: 'end', isWideOnly: true },
  { id: 'learned', header: 'Weights learned', cell: (row) => ago(row.learnedAt), isWideOnly: true },
]

export function Builds({ versions }: { versions: ModelVersion[] }) {
  return <DataTable label="Builds" columns={COLUMNS} rows={versions} rowKey={(row) => row.version} empty="No build yet." />
}

function State({ version }: { version: ModelVersion }) {
  if (version.served) return <Badge tone="good">served</Badge>
  if (version.status === 'building') return <Badge tone="info">building</Badge>
  if (version.status === 'ready') return <Badge>replaced</Badge>
  return (
    <div className="max-w-80">
      <Badge tone="bad">failed</Badge>
      <p className="pt-1 text-sm break-words text-muted">{version.error}</p>
    </div>
  )
}
