import { Badge } from '@/components/Badge'
import { SelectField } from '@/components/ChoiceFields'
import type { Preview, Reading } from '@/features/imports/api'

interface Props {
  preview: Preview
  reading: Reading
  onReading: (reading: Reading) => void
  /** What a column becomes that is no field. */
  keptAs: string
}

const AS_FOUND = ''
const IGNORED = 'ignore'

/** Each column of the file, what becomes of it, and another field for it to choose. */
export function Columns({ preview, reading, onReading, keptAs }: Props) {
  const say = (column: string, field: string) => {
    const { [column]: _, ...others } = reading.map
    onReading({ ...reading, map: field === AS_FOUND ? others : { ...others, [column]: field } })
  }
  return (
    <ul className="grid gap-x-8 lg:grid-cols-2">
      {preview.header.map((column) => (
        <li key={column} className="grid items-center gap-x-4 gap-y-1 border-b border-line py-2 sm:grid-cols-[minmax(0,1fr)_12rem]">
          <div className="flex min-w-0 flex-wrap items-center gap-x-2">
            <span className="font-mono text-sm break-all">{column.trim() || '(no name)'}</span>
            <Becomes column={column} preview={preview} keptAs={keptAs} />
          </div>
          <SelectField
            label={`What ${column.trim()} is`}
            hideLabel
            value={reading.map[column.trim()] ?? AS_FOUND}
            onChange={(field) => say(column.trim(), field)}
            options={[
              { value: AS_FOUND, label: 'As found' },
              ...preview.fields.map((field) => ({ value: field, label: field })),
              { value: IGNORED, label: 'Leave it out' },
            ]}
          />
        </li>
      ))}
    </ul>
  )
}

function Becomes({ column, preview, keptAs }: { column: string; preview: Preview; keptAs: string }) {
  const { used = {}, kept = [], ignored = [] } = preview.columns
  const field = used[column]
  if (field !== undefined) return <Badge tone="good">{field}</Badge>
  if (kept.includes(column)) return <Badge tone="info">{`kept as ${keptAs}`}</Badge>
  return ignored.includes(column) ? <Badge>left out</Badge> : null
}
