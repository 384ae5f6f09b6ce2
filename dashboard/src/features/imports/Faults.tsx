import { DataTable, type Column } from '@/components/DataTable'
import { number } from '@/components/format'

type Row = { line: number; message: string }

const COLUMNS: readonly Column<Row>[] = [
  { id: 'line', header: 'Line', align: 'end', className: 'w-16', cell: (row) => row.line },
  { id: 'message', header: 'What is wrong', cell: (row) => <span className="break-words">{row.message}</span> },
]

/** Lines of the file that are not taken as they stand there; at most the first hundred. */
export function Faults({ errors, count }: { errors: readonly Row[]; count: number }) {
  return (
    <div className="flex flex-col gap-2">
      {count > errors.length && <p className="text-sm text-muted">{`The first ${errors.length} of ${number(count)}.`}</p>}
      <DataTable label="Rejected rows" columns={COLUMNS} rows={errors} rowKey={(row) => `${row.line} ${row.message}`} empty="None." virtual={errors.length > 30} />
    </div>
  )
}
