import { useNavigate, useSearch } from '@tanstack/react-router'
import { createSortedRowModel, rowSortingFeature, sortFn_basic, tableFeatures, useTable } from '@tanstack/react-table'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useMemo, useRef, type ReactNode } from 'react'
import { Button } from '@/components/Button'
import { TableHead } from '@/components/TableHead'

export interface Column<Row> {
  id: string
  header: string
  cell: (row: Row) => ReactNode
  /** What its rows are sorted by, where a click on the header sorts. */
  sort?: (row: Row) => string | number | null | undefined
  /** Numbers stand at the end. */
  align?: 'start' | 'end'
  /** Left out on a narrow screen. */
  isWideOnly?: boolean
  /** Of its cells and its header. */
  className?: string
}

export interface DataTableProps<Row extends object> {
  /** What the table shows, for a screen reader. */
  label: string
  columns: readonly Column<Row>[]
  rows: readonly Row[]
  rowKey: (row: Row) => string
  /** In place of no rows: an EmptyState or a sentence. */
  empty: ReactNode
  /** The name in the address that keeps how it is sorted (`?sort=-name`). The route's validateSearch has to know it. */
  sortParam?: string
  /** How it is sorted until somebody chooses. */
  defaultSort?: string
  /** There is another page of rows: shows a button that asks for it. */
  onMore?: () => void
  isLoadingMore?: boolean
  /** Draws only the rows in sight, in a box of its own: for some hundreds and more. */
  virtual?: boolean
}

const FEATURES = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel() })
const ROW_PX = 41

/** A table; sorting is kept in the address. */
export function DataTable<Row extends object>(props: DataTableProps<Row>) {
  const { label, columns, rows, rowKey, empty, onMore, isLoadingMore, virtual = false } = props
  const [sorting, sortBy] = useSorting(props.sortParam ?? 'sort', props.defaultSort)
  const table = useTable({
    features: FEATURES,
    data: rows as Row[],
    getRowId: rowKey,
    columns: useMemo(
      () =>
        columns.map((column) => ({
          id: column.id,
          accessorFn: (row: Row) => column.sort?.(row) ?? undefined,
          enableSorting: column.sort !== undefined,
          sortFn: sortFn_basic,
          sortUndefined: 'last' as const,
        })),
      [columns],
    ),
    state: { sorting },
  })
  const sorted = table.getRowModel().rows.map((row) => row.original)
  if (rows.length === 0) return <>{typeof empty === 'string' ? <p className="py-4 text-muted">{empty}</p> : empty}</>
  const Body = virtual ? VirtualBody : PlainBody
  return (
    <div className="min-w-0">
      <Body
        label={label}
        columns={columns}
        rows={sorted}
        rowKey={rowKey}
        head={<TableHead columns={columns} sorting={sorting[0]} onSort={sortBy} />}
      />
      {onMore !== undefined && (
        <div className="pt-3">
          <Button onClick={onMore} isPending={isLoadingMore}>
            Show more
          </Button>
        </div>
      )}
    </div>
  )
}

export interface Sorting {
  id: string
  desc: boolean
}

function useSorting(param: string, fallback: string | undefined): [Sorting[], (id: string) => void] {
  const search = useSearch({ strict: false }) as Record<string, unknown>
  const navigate = useNavigate()
  const chosen = typeof search[param] === 'string' ? search[param] : fallback
  const sorting = useMemo(
    () => (chosen === undefined ? [] : [{ id: chosen.replace(/^-/, ''), desc: chosen.startsWith('-') }]),
    [chosen],
  )
  const sortBy = (id: string) => {
    const next = chosen === id ? `-${id}` : id
    void navigate({
      to: '.',
      search: ((before: object) => ({ ...before, [param]: next })) as never,
      replace: true,
      resetScroll: false,
    })
  }
  return [sorting, sortBy]
}

interface BodyProps<Row extends object> extends Pick<DataTableProps<Row>, 'label' | 'columns' | 'rows' | 'rowKey'> {
  head: ReactNode
}

const BOX = 'overflow-x-auto border-y border-line'

function PlainBody<Row extends object>({ label, columns, rows, rowKey, head }: BodyProps<Row>) {
  return (
    <div className={BOX} tabIndex={0} role="region" aria-label={label}>
      <table className="w-full text-left">
        {head}
        <tbody>
          {rows.map((row) => (
            <Line key={rowKey(row)} row={row} columns={columns} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function VirtualBody<Row extends object>({ label, columns, rows, rowKey, head }: BodyProps<Row>) {
  const box = useRef<HTMLDivElement>(null)
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
    getItemKey: (index) => rowKey(rows[index] as Row),
  })
  const seen = virtualizer.getVirtualItems()
  const above = seen[0]?.start ?? 0
  const below = virtualizer.getTotalSize() - (seen.at(-1)?.end ?? 0)
  return (
    <div ref={box} className={`${BOX} max-h-[70vh] overflow-y-auto`} tabIndex={0} role="region" aria-label={label}>
      <table className="w-full text-left" aria-rowcount={rows.length + 1}>
        {head}
        <tbody>
          {above > 0 && <Gap height={above} columns={columns.length} />}
          {seen.map(({ index, key }) => (
            <Line
              key={String(key)}
              row={rows[index] as Row}
              columns={columns}
              index={index}
              measure={virtualizer.measureElement}
            />
          ))}
          {below > 0 && <Gap height={below} columns={columns.length} />}
        </tbody>
      </table>
    </div>
  )
}

function Gap({ height, columns }: { height: number; columns: number }) {
  return (
    <tr aria-hidden="true">
      <td colSpan={columns} style={{ height, padding: 0 }} />
    </tr>
  )
}

interface LineProps<Row> {
  row: Row
  columns: readonly Column<Row>[]
  index?: number
  measure?: (element: Element | null) => void
}

function Line<Row extends object>({ row, columns, index, measure }: LineProps<Row>) {
  return (
    <tr
      ref={measure}
      data-index={index}
      aria-rowindex={index === undefined ? undefined : index + 2}
      className="border-t border-line first:border-t-0 hover:bg-sunken/60"
    >
      {columns.map((column) => (
        <td
          key={column.id}
          className={`px-2 py-2 align-top first:pl-0 last:pr-0 ${column.align === 'end' ? 'text-right' : ''} ${column.isWideOnly ? 'hidden md:table-cell' : ''} ${column.className ?? ''}`}
        >
          {column.cell(row)}
        </td>
      ))}
    </tr>
  )
}
