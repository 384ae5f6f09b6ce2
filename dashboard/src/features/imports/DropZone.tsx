import { useId, useState, type DragEvent } from 'react'
import { Icon } from '@/components/Icon'

interface Props {
  /** What the files hold, in words. */
  what: string
  onFile: (file: File) => void
}

/** A place to drop a file into; a press chooses one instead. */
export function DropZone({ what, onFile }: Props) {
  const id = useId()
  const [isOver, setOver] = useState(false)
  const dropped = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    const file = event.dataTransfer.files[0]
    if (file !== undefined) onFile(file)
  }
  return (
    <div
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={dropped}
      className={`rounded-md border border-dashed px-4 py-10 text-center focus-within:outline-2 focus-within:outline-offset-2 focus-within:outline-accent ${isOver ? 'border-accent bg-accent-soft' : 'border-line-strong bg-surface'}`}
    >
      <Icon name="file" className="mx-auto size-6 text-muted" />
      <p className="pt-2">
        Drop a file here, or{' '}
        <label htmlFor={id} className="cursor-pointer font-medium text-accent underline underline-offset-4">
          choose one
        </label>
        <input
          id={id}
          type="file"
          className="sr-only"
          onChange={(event) => {
            const file = event.target.files?.[0]
            if (file !== undefined) onFile(file)
            event.target.value = ''
          }}
        />
      </p>
      <p className="mx-auto max-w-prose pt-1 text-sm text-muted">{what}</p>
    </div>
  )
}
