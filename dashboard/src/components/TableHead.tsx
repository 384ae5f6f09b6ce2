import type { Column, Sorting } from '@/components/DataTable'
import { Icon } from '@/components/Icon'

interface Props<Row> {
  columns: readonly Column<Row>[]
  sorting: Sorting | undefined
  onSort: (id: string) => void
}

export function TableHead<Row>({ columns, sorting, onSort }: Props<Row>) {
  return (
    <thead className="sticky top-0 z-10 bg-canvas text-sm text-muted">
      <tr>
        {columns.map((column) => (
          <th
            key={column.id}
            scope="col"
            aria-sort={sorting?.id !== column.id ? undefined : sorting.desc ? 'descending' : 'ascending'}
            className={`border-b border-line px-2 py-2 font-medium whitespace-nowrap first:pl-0 last:pr-0 ${column.align === 'end' ? 'text-right' : ''} ${column.isWideOnly ? 'hidden md:table-cell' : ''} ${column.className ?? ''}`}
          >
            {column.sort === undefined ? (
              column.header
            ) : (
              <button
                type="button"
                onClick={() => onSort(column.id)}
                className={`flex w-full items-center gap-1 hover:text-ink ${column.align === 'end' ? 'flex-row-reverse' : ''}`}
              >
                {column.header}
                <span className={sorting?.id === column.id ? '' : 'opacity-0'}>
                  <Icon name={sorting?.desc ? 'down' : 'up'} className="size-3" />
                </span>
              </button>
            )}
          </th>
        ))}
      </tr>
    </thead>
  )
}
