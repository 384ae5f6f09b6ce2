import { Link } from '@tanstack/react-router'
import { useState } from 'react'

/** A product's picture, or an empty place of its size where there is none. It says nothing that its name does not. */
export function ProductImage({ url, className = 'size-8' }: { url: string | null; className?: string }) {
  const [broken, setBroken] = useState<string | null>(null)
  const shape = `${className} shrink-0 rounded border border-line bg-sunken object-contain`
  if (url === null || broken === url) return <span aria-hidden="true" className={`inline-block ${shape}`} />
  return <img src={url} alt="" loading="lazy" referrerPolicy="no-referrer" className={shape} onError={() => setBroken(url)} />
}

interface Props {
  tenantId: string
  productId: string
  /** As the catalog has it; without one the id stands for it. */
  name?: string | null
}

/** To a product's page. */
export function ProductLink({ tenantId, productId, name }: Props) {
  return (
    <Link
      to="/dashboard/tenants/$tenantId/catalog/$"
      params={{ tenantId, _splat: productId }}
      className="font-medium break-words hover:underline"
    >
      {name ?? <code className="font-mono text-sm">{productId}</code>}
    </Link>
  )
}
