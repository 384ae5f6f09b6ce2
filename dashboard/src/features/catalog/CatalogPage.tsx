import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Badge } from '@/components/Badge'
import { LinkButton } from '@/components/Button'
import { SelectField } from '@/components/ChoiceFields'
import { DataTable, type Column } from '@/components/DataTable'
import { EmptyState } from '@/components/EmptyState'
import { ErrorState } from '@/components/ErrorState'
import { Loading } from '@/components/Loading'
import { Page } from '@/components/Page'
import { SearchField } from '@/components/SearchField'
import { ago, dateTime, money } from '@/components/format'
import { catalogQuery, type Item } from '@/features/catalog/api'
import { ProductImage, ProductLink } from '@/features/catalog/ProductLink'
import { catalogRoute } from '@/features/catalog/routes'
import { useCan, useTenant } from '@/features/tenants/current'

type Row = Item & { tenantId: string; shopCurrency?: string }

const COLUMNS: readonly Column<Row>[] = [
  {
    id: 'name',
    header: 'Product',
    sort: (row) => row.name.toLowerCase(),
    cell: (row) => (
      <div className="flex min-w-0 items-center gap-3">
        <ProductImage url={row.imageUrl} />
        <div className="min-w-0">
          <ProductLink tenantId={row.tenantId} productId={row.productId} name={row.name} />
          <div className="font-mono text-xs break-all text-muted">{row.productId}</div>
        </div>
      </div>
    ),
  },
  { id: 'category', header: 'Category', sort: (row) => row.category, isWideOnly: true, cell: (row) => row.category ?? '–' },
  { id: 'brand', header: 'Brand', sort: (row) => row.brand, isWideOnly: true, cell: (row) => row.brand ?? '–' },
  {
    id: 'price',
    header: 'Price',
    align: 'end',
    sort: (row) => row.price,
    className: 'whitespace-nowrap',
    cell: (row) => money(row.price, row.currency ?? row.shopCurrency),
  },
  {
    id: 'available',
    header: 'Available',
    cell: (row) => (row.available ? <Badge tone="good">Yes</Badge> : <Badge>No</Badge>),
  },
  {
    id: 'updated',
    header: 'Updated',
    align: 'end',
    isWideOnly: true,
    sort: (row) => row.updatedAt,
    className: 'whitespace-nowrap text-muted',
    cell: (row) => <time dateTime={row.updatedAt} title={dateTime(row.updatedAt)}>{ago(row.updatedAt)}</time>,
  },
]

export function CatalogPage() {
  const { id, config } = useTenant()
  const canImport = useCan('developer')
  const { q, category, available } = catalogRoute.useSearch()
  const filters = { q, category, available }
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(catalogQuery(id, filters))
  const rows = data?.pages.flatMap((page) => page.data.map((item) => ({ ...item, tenantId: id, shopCurrency: config.currency })))
  return (
    <Page
      title="Catalog"
      actions={canImport && <LinkButton to="/dashboard/tenants/$tenantId/imports" params={{ tenantId: id }}>Import a file</LinkButton>}
    >
      <Filters />
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : rows === undefined ? (
        <Loading />
      ) : (
        <DataTable
          label="Products"
          columns={COLUMNS}
          rows={rows}
          rowKey={(row) => row.productId}
          empty={<Nothing isFiltered={[q, category, available].some((value) => value !== undefined)} />}
          onMore={hasNextPage ? () => void fetchNextPage() : undefined}
          isLoadingMore={isFetchingNextPage}
          virtual={rows.length > 100}
        />
      )}
    </Page>
  )
}

function Filters() {
  const { q, category, available } = catalogRoute.useSearch()
  const navigate = useNavigate({ from: catalogRoute.fullPath })
  const set = (changed: { q?: string; category?: string; available?: boolean }) =>
    void navigate({ search: (old) => ({ ...old, ...changed }), replace: true })
  return (
    <div className="grid gap-3 sm:grid-cols-[2fr_2fr_1fr]">
      <SearchField label="Search products" value={q ?? ''} onChange={(value) => set({ q: value || undefined })} />
      <SearchField
        label="Category"
        placeholder="Category, such as Shoes > Boots"
        value={category ?? ''}
        onChange={(value) => set({ category: value || undefined })}
      />
      <SelectField
        label="Availability"
        hideLabel
        value={available === undefined ? '' : String(available)}
        onChange={(value) => set({ available: value === '' ? undefined : value === 'true' })}
        options={[
          { value: '', label: 'All products' },
          { value: 'true', label: 'Available' },
          { value: 'false', label: 'Not available' },
        ]}
      />
    </div>
  )
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  const { id } = useTenant()
  if (isFiltered) return <EmptyState title="No product fits" body="Try fewer words, or the beginning of a category’s path." />
  return (
    <EmptyState
      title="No products yet"
      body="Recommendations are made of the products in the catalog. Import a file, or send them to the API."
      action={<LinkButton variant="primary" to="/dashboard/tenants/$tenantId/imports" params={{ tenantId: id }}>Import a file</LinkButton>}
    />
  )
}
