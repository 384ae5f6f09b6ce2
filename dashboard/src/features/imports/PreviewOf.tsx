import { DataTable, type Column } from '@/components/DataTable'
import { Section } from '@/components/Page'
import type { Kind, Preview, Reading } from '@/features/imports/api'
import { Columns } from '@/features/imports/Columns'
import { Faults } from '@/features/imports/Faults'
import { ReadingFields } from '@/features/imports/ReadingFields'

interface Props {
  kind: Kind
  preview: Preview
  reading: Reading
  onReading: (reading: Reading) => void
}

/** How a file would be read, and what can be said of it where that is wrong. */
export function PreviewOf({ kind, preview, reading, onReading }: Props) {
  return (
    <>
      {preview.header.length > 0 && (
        <Section title="Columns" intro="What each column becomes. Change it where it is wrong.">
          <Columns preview={preview} reading={reading} onReading={onReading} keptAs={kind === 'catalog' ? 'an attribute' : 'metadata'} />
        </Section>
      )}
      {preview.rows.length > 0 && (
        <Section title="First rows" intro="As they would be stored.">
          <Rows rows={preview.rows} />
        </Section>
      )}
      {preview.errors.length > 0 && (
        <Section title="Rejected rows">
          <Faults errors={preview.errors} count={preview.rejected} />
        </Section>
      )}
      <Section title="How the file is read" intro={preview.reading.length > 0 ? <Sentences of={preview.reading} /> : undefined}>
        <ReadingFields kind={kind} reading={reading} onReading={onReading} />
      </Section>
    </>
  )
}

function Sentences({ of }: { of: readonly string[] }) {
  return <>{of.join(' ')}</>
}

type Row = { key: string; fields: Record<string, unknown> }

function Rows({ rows }: { rows: readonly Record<string, unknown>[] }) {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row).filter((name) => isSaid(row[name]))))]
  const columns: Column<Row>[] = names.map((name) => ({
    id: name,
    header: name,
    align: name === 'price' ? 'end' : 'start',
    cell: ({ fields }) => <div className="max-h-20 max-w-60 min-w-16 overflow-hidden text-sm break-words">{shown(fields[name])}</div>,
  }))
  return (
    <DataTable
      label="First rows"
      columns={columns}
      rows={rows.map((fields, index) => ({ key: String(index), fields }))}
      rowKey={(row) => row.key}
      empty="No row can be stored."
    />
  )
}

const isSaid = (value: unknown): boolean =>
  value !== null && value !== undefined && !(typeof value === 'object' && Object.keys(value).length === 0)

function shown(value: unknown): string {
  if (!isSaid(value)) return '–'
  if (Array.isArray(value)) return value.join(', ')
  return typeof value === 'object' ? Object.entries(value as object).map(([name, one]) => `${name}: ${String(one)}`).join(', ') : String(value)
}
