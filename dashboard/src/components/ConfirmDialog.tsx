import { useState, type ReactNode } from 'react'
import { Button } from '@/components/Button'
import { Dialog } from '@/components/Dialog'
import { ErrorState } from '@/components/ErrorState'
import { TextField } from '@/components/TextField'

export interface ConfirmProps {
  title: string
  body: ReactNode
  /** The words that have to be typed first, such as the name of what is deleted. */
  typed?: string
  /** The button, which says what happens ("Delete the tenant"), and what it does. When that is done the dialog closes. */
  action: { label: string; run: () => Promise<unknown> | void; isDanger?: boolean }
  isOpen: boolean
  onClose: () => void
}

/** Asks before what cannot be taken back. */
export function ConfirmDialog({ title, body, typed, action, isOpen, onClose }: ConfirmProps) {
  return (
    <Dialog title={title} isOpen={isOpen} onClose={onClose} role="alertdialog">
      <div className="text-muted">{body}</div>
      <Question typed={typed} action={action} onClose={onClose} />
    </Dialog>
  )
}

function Question({ typed, action, onClose }: Pick<ConfirmProps, 'typed' | 'action' | 'onClose'>) {
  const [given, setGiven] = useState('')
  const [isPending, setPending] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const run = async () => {
    setPending(true)
    setError(null)
    try {
      await action.run()
      onClose()
    } catch (thrown) {
      setError(thrown)
    } finally {
      setPending(false)
    }
  }
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault()
        event.stopPropagation()
        if (typed === undefined || given.trim() === typed) void run()
      }}
    >
      {typed !== undefined && (
        <TextField
          label={`Type “${typed}” to confirm`}
          value={given}
          onChange={setGiven}
          autoComplete="off"
          autoFocus
        />
      )}
      {error !== null && <ErrorState error={error} />}
      <div className="flex flex-wrap justify-end gap-2">
        <Button variant="quiet" onClick={onClose}>
          Cancel
        </Button>
        <Button
          type="submit"
          variant={action.isDanger === false ? 'primary' : 'danger'}
          isPending={isPending}
          disabled={typed !== undefined && given.trim() !== typed}
        >
          {action.label}
        </Button>
      </div>
    </form>
  )
}
