import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { components } from '@/api/schema'
import { SelectField } from '@/components/ChoiceFields'
import { DataTable, type Column } from '@/components/DataTable'
import { ErrorState } from '@/components/ErrorState'
import { number, percent } from '@/components/format'
import { Loading } from '@/components/Loading'
import { Section } from '@/components/Page'
import { topProductsQuery, type Asked } from '@/features/analytics/api'
import { FIGURES, isProductMetric, PRODUCT_METRICS, written, type ProductMetric } from '@/features/analytics/figures'
import { analyticsRoute } from '@/features/analytics/routes'

type Product = components['schemas']['Product']

const METRICS = PRODUCT_METRICS.map((value) => ({ value, label: FIGURES[value].label }))

interface Props {
  tenantId: string
  asked: Asked
  currency: string
}

export function TopProducts({ tenantId, asked, currency }: Props) {
  const { top } = analyticsRoute.useSearch()
  const navigate = useNavigate()
  const metric: ProductMetric = isProductMetric(top) ? top : 'revenue'
  const { data, error, refetch } = useQuery(topProductsQuery(tenantId, asked, metric))
  const columns = useMemo(() => columnsOf(tenantId, currency), [tenantId, currency])
  const isFiltered = asked.placementId !== undefined || asked.strategy !== undefined
  const choice = (
    <SelectField
      label="Ordered by"
      hideLabel
      value={metric}
      options={METRICS}
      onChange={(value) => void navigate({ to: '.', search: ((before: object) => ({ ...before, top: value, sort: undefined })) as never, replace: true, resetScroll: false })}
      className="w-48"
    />
  )
  return (
    <Section
      title="Top products"
      intro={isFiltered ? 'Of all placements and strategies: products are not kept by them.' : undefined}
      actions={choice}
    >
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <Loading />
      ) : (
        <DataTable
          label="Top products"
          columns={columns}
          rows={data}
          rowKey={(row) => row.productId}
          empty={<p className="text-muted">No product has any {FIGURES[metric].label.toLowerCase()} in this period.</p>}
        />
      )}
    </Section>
  )
}

function columnsOf(tenantId: string, currency: string): Column<Product>[] {
  const figure = (id: ProductMetric, isWideOnly = true): Column<Product> => ({
    id,
    header: FIGURES[id].label,
    cell: (row) => written(id, row[id], currency),
    sort: (row) => row[id],
    align: 'end',
    isWideOnly,
  })
  return [
    { id: 'name', header: 'Product', cell: (row) => <ProductName tenantId={tenantId} product={row} />, sort: (row) => row.name ?? row.productId },
    figure('revenue', false),
    figure('attributedRevenue'),
    figure('impressions'),
    figure('clicks', false),
    { id: 'ctr', header: 'CTR', cell: (row) => (row.impressions > 0 ? percent(row.ctr, 2) : number(null)), sort: (row) => row.ctr, align: 'end', isWideOnly: true },
    figure('conversions'),
  ]
}

function ProductName({ tenantId, product }: { tenantId: string; product: Product }) {
  return (
    <span className="flex flex-col">
      <Link
        to={'/dashboard/tenants/$tenantId/catalog/$' as never}
        params={{ tenantId, _splat: product.productId } as never}
        className="text-accent hover:underline"
      >
        {product.name ?? product.productId}
      </Link>
      {product.name !== null && <span className="text-sm break-words text-muted">{product.productId}</span>}
    </span>
  )
}
