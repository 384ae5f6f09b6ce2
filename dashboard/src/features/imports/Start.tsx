import { useState } from 'react'
import { Problem } from '@/api/problem'
import { Badge } from '@/components/Badge'
import { Button } from '@/components/Button'
import { Checkbox } from '@/components/ChoiceFields'
import { number } from '@/components/format'
import type { Kind, Preview } from '@/features/imports/api'

export type Replace = 'no' | 'yes' | 'force'

interface Props {
  kind: Kind
  preview: Preview
  isReading: boolean
  /** Why the last attempt was refused. */
  failed: unknown
  onStart: (replace: Replace) => void
}

/** What the first rows promise, and the button that stores the file. */
export function Start({ kind, preview, isReading, failed, onStart }: Props) {
  const [replaces, setReplaces] = useState(false)
  const isRefused = failed instanceof Problem && failed.code === 'replace_refused'
  const noun = kind === 'catalog' ? 'products' : 'events'
  if (preview.refused != null) {
    return (
      <div role="alert" className="flex flex-col gap-1 border-l-2 border-bad py-1 pl-4">
        <p className="font-medium">The file cannot be read like this</p>
        <p className="max-w-prose break-words text-muted">{preview.refused}</p>
        <p className="text-muted">Say below which column is what.</p>
      </div>
    )
  }
  return (
    <div className="flex flex-col gap-3">
      <p className="flex flex-wrap items-center gap-2">
        <Badge tone="good">{`${number(preview.good)} ${noun} can be stored`}</Badge>
        {preview.rejected > 0 && <Badge tone="bad">{`${number(preview.rejected)} rejected`}</Badge>}
        <span className="text-muted">{preview.complete ? 'That is the whole file.' : 'Of the first rows; the rest of the file is read when it is imported.'}</span>
      </p>
      {kind === 'catalog' && (
        <Checkbox
          label="The file is the whole catalog"
          hint="Products that it lacks become unavailable. Nothing changes where the file breaks, or lacks more than a third."
          value={replaces}
          onChange={setReplaces}
        />
      )}
      <div className="flex flex-wrap gap-2">
        <Button variant="primary" disabled={preview.good === 0 || isReading} onClick={() => onStart(replaces ? 'yes' : 'no')}>
          {`Import the ${noun}`}
        </Button>
        {isRefused && <Button variant="danger" onClick={() => onStart('force')}>Replace it all the same</Button>}
      </div>
    </div>
  )
}
