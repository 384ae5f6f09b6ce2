import { Button } from '@/components/Button'
import { percent } from '@/components/format'

/** How much of the file is sent. What is sent is stored meanwhile; the rest takes moments after the last byte. */
export function Progress({ share, onStop }: { share: number; onStop: () => void }) {
  const isSent = share >= 1
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <p aria-live="polite">{isSent ? 'Sent. Storing the rest …' : `Sending and storing: ${percent(share, 0)}`}</p>
        <Button onClick={onStop}>Stop</Button>
      </div>
      <progress aria-label="Import" max={1} value={isSent ? undefined : share} className="h-2 w-full accent-accent" />
      <p className="text-sm text-muted">What was stored when you stop stays. Importing the file again adds nothing twice.</p>
    </div>
  )
}
