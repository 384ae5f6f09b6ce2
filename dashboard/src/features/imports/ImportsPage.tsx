import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { NoAccess } from '@/components/NoAccess'
import { Page } from '@/components/Page'
import { Tabs } from '@/components/Tabs'
import type { Kind } from '@/features/imports/api'
import { DropZone } from '@/features/imports/DropZone'
import { readable, type ReadableFile } from '@/features/imports/files'
import { Importing } from '@/features/imports/Importing'
import { importsRoute } from '@/features/imports/routes'
import { useCan } from '@/features/tenants/current'

const WHAT: Record<Kind, string> = {
  catalog:
    'Products of Shopify, WooCommerce, Adobe Commerce or Google Merchant Center, or of your own: CSV, TSV, JSON, NDJSON or XML, plain, .gz or .zst. Nothing is stored before you have seen how it is read.',
  events:
    'Events or orders of the past: CSV, TSV, JSON or NDJSON, plain, .gz or .zst. Importing a file again adds nothing twice. Nothing is stored before you have seen how it is read.',
}

export function ImportsPage() {
  const canImport = useCan('developer')
  const { kind } = importsRoute.useSearch()
  const navigate = useNavigate({ from: importsRoute.fullPath })
  return (
    <Page title="Imports">
      {canImport ? (
        <Tabs
          label="What is imported"
          selected={kind ?? 'catalog'}
          onSelect={(id) => void navigate({ search: { kind: id === 'events' ? id : undefined } })}
          tabs={[
            { id: 'catalog', label: 'Products', content: <OneFile key="catalog" kind="catalog" /> },
            { id: 'events', label: 'Events and orders', content: <OneFile key="events" kind="events" /> },
          ]}
        />
      ) : (
        <NoAccess role="developer" />
      )}
    </Page>
  )
}

function OneFile({ kind }: { kind: Kind }) {
  const [chosen, setChosen] = useState<ReadableFile | null>(null)
  const [fault, setFault] = useState<string | null>(null)
  const choose = (file: File) => {
    setFault(null)
    readable(file).then(setChosen, (error: unknown) => setFault(error instanceof Error ? error.message : String(error)))
  }
  if (chosen !== null) {
    return <Importing key={`${chosen.file.name} ${chosen.file.lastModified}`} kind={kind} readable={chosen} onOther={() => setChosen(null)} />
  }
  return (
    <div className="flex flex-col gap-3">
      <DropZone what={WHAT[kind]} onFile={choose} />
      {fault !== null && <p role="alert" className="text-bad">{fault}</p>}
    </div>
  )
}
