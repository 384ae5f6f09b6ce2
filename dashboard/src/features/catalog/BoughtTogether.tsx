import type { components } from '@/api/schema'
import { DataTable, type Column } from '@/components/DataTable'
import { number } from '@/components/format'
import { ProductLink } from '@/features/catalog/ProductLink'
import { useTenant } from '@/features/tenants/current'

type Row = components['schemas']['BoughtWith'] & { tenantId: string }

const COLUMNS: readonly Column<Row>[] = [
  {
    id: 'name',
    header: 'Product',
    cell: (row) => <ProductLink tenantId={row.tenantId} productId={row.productId} name={row.name} />,
  },
  { id: 'baskets', header: 'Orders', align: 'end', sort: (row) => row.baskets, cell: (row) => `${number(row.baskets)} of ${number(row.of)}` },
  { id: 'lift', header: 'Lift', align: 'end', sort: (row) => row.lift, cell: (row) => `${number(row.lift, { maximumFractionDigits: 1 })} ×` },
]

export function BoughtTogether({ products }: { products: readonly components['schemas']['BoughtWith'][] }) {
  const { id } = useTenant()
  return (
    <DataTable
      label="Products bought together with this one"
      columns={COLUMNS}
      rows={products.map((product) => ({ ...product, tenantId: id }))}
      rowKey={(row) => row.productId}
      empty="The model knows no order with this product and another one."
    />
  )
}
