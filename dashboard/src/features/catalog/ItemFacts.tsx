import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { Badge } from '@/components/Badge'
import { dateTime, money } from '@/components/format'
import type { Item } from '@/features/catalog/api'
import { ProductImage } from '@/features/catalog/ProductLink'
import { useTenant } from '@/features/tenants/current'

export function ItemFacts({ item }: { item: Item }) {
  const { id, config } = useTenant()
  return (
    <div className="flex flex-col gap-6 sm:flex-row">
      <ProductImage url={item.imageUrl} className="size-40" />
      <dl className="grid min-w-0 flex-1 content-start gap-x-6 gap-y-1.5 sm:grid-cols-[9rem_1fr]">
        <Fact name="Id"><code className="font-mono text-sm break-all">{item.productId}</code></Fact>
        <Fact name="Price">{money(item.price, item.currency ?? config.currency)}</Fact>
        <Fact name="Available">{item.available ? <Badge tone="good">Yes</Badge> : <Badge>No: it is not recommended</Badge>}</Fact>
        {item.categories.length > 0 && (
          <Fact name="Category">
            <ul>
              {item.categories.map((path) => (
                <li key={path}>
                  <Link to="/dashboard/tenants/$tenantId/catalog" params={{ tenantId: id }} search={{ category: path }} className="hover:underline">
                    {path}
                  </Link>
                </li>
              ))}
            </ul>
          </Fact>
        )}
        {item.brand !== null && <Fact name="Brand">{item.brand}</Fact>}
        {item.url !== null && <Fact name="Address"><span className="break-all">{item.url}</span></Fact>}
        {Object.entries(item.attributes).map(([name, value]) => (
          <Fact key={name} name={name}>{typeof value === 'string' ? value : JSON.stringify(value)}</Fact>
        ))}
        {item.description !== null && <Fact name="Description"><Description text={item.description} /></Fact>}
        <Fact name="Updated">{dateTime(item.updatedAt)}</Fact>
      </dl>
    </div>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="break-words text-muted">{name}</dt>
      <dd className="min-w-0 break-words pb-1 sm:pb-0">{children}</dd>
    </>
  )
}

/** Without the mark-up that some shops write into it. */
function Description({ text }: { text: string }) {
  const plain = text.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ').trim()
  return <span className="block max-w-prose">{plain}</span>
}
