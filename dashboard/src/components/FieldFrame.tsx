import { useId, type ReactNode } from 'react'
import type { FieldProps } from '@/components/bound'

export interface Described {
  id: string
  'aria-describedby': string | undefined
  'aria-invalid': true | undefined
  'aria-required': true | undefined
  disabled: boolean | undefined
}

type Frame = Pick<
  FieldProps<unknown>,
  'label' | 'hint' | 'error' | 'isRequired' | 'isDisabled' | 'hideLabel' | 'className'
>

/** The label above a field, its hint and what is wrong with it below, and the attributes that tie them together. */
export function FieldFrame({ children, ...frame }: Frame & { children: (described: Described) => ReactNode }) {
  const id = useId()
  const notes = [frame.hint !== undefined && `${id}-hint`, frame.error !== undefined && `${id}-error`].filter(Boolean)
  const described: Described = {
    id,
    'aria-describedby': notes.length > 0 ? notes.join(' ') : undefined,
    'aria-invalid': frame.error !== undefined || undefined,
    'aria-required': frame.isRequired || undefined,
    disabled: frame.isDisabled,
  }
  return (
    <div className={`flex min-w-0 flex-col gap-1 ${frame.className ?? ''}`}>
      <label htmlFor={id} className={frame.hideLabel ? 'sr-only' : 'font-medium'}>
        {frame.label}
      </label>
      {children(described)}
      <FieldNotes id={id} hint={frame.hint} error={frame.error} />
    </div>
  )
}

export function FieldNotes({ id, hint, error }: { id: string; hint?: ReactNode; error?: string }) {
  return (
    <>
      {hint !== undefined && (
        <p id={`${id}-hint`} className="text-sm text-muted">
          {hint}
        </p>
      )}
      {error !== undefined && (
        <p id={`${id}-error`} className="text-sm text-bad">
          {error}
        </p>
      )}
    </>
  )
}
