import { Button } from '@/components/Button'
import { CopyField } from '@/components/Copy'
import type { NewKey } from '@/features/keys/api'

/** A key that was just made; nobody can show it again. */
export function ShownOnce({ made, onClose }: { made: NewKey; onClose: () => void }) {
  return (
    <div className="flex flex-col gap-4">
      <p className="text-muted">
        Copy it now: it is shown this once, and only its digest is stored.
        {made.permissions !== 'publish' && ' Keep it on servers; in a page everybody could read it.'}
      </p>
      <CopyField label="Key" value={made.key} />
      <div className="flex justify-end">
        <Button variant="primary" onClick={onClose}>
          I have copied it
        </Button>
      </div>
    </div>
  )
}
