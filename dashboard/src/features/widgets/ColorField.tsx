import { useId } from 'react'
import { useController } from 'react-hook-form'
import { TextField } from '@/components/TextField'

/** The six digits that a browser's own picker takes. */
const picked = (color: string): string => {
  const digits = /^#([0-9a-f]{3,8})$/i.exec(color)?.[1] ?? ''
  if (digits.length === 3) return `#${[...digits].map((digit) => digit + digit).join('')}`
  return digits.length >= 6 ? `#${digits.slice(0, 6)}` : '#888888'
}

/** A colour, typed or picked; empty: as the SDK has it. */
export function ColorField({ name, label }: { name: string; label: string }) {
  const id = useId()
  const { field } = useController({ name })
  const value = field.value as string
  return (
    <div className="flex items-end gap-2">
      <TextField name={name} label={label} placeholder="by default" className="flex-1" autoComplete="off" />
      <label htmlFor={id} className="sr-only">
        Pick: {label}
      </label>
      <input
        id={id}
        type="color"
        value={picked(value)}
        onChange={(event) => field.onChange(event.target.value)}
        className={`h-9 w-10 shrink-0 rounded-md border border-line-strong bg-surface p-1 ${value === '' ? 'opacity-40' : ''}`}
      />
    </div>
  )
}
