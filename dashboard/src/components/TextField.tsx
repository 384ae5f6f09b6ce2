import { useState, type HTMLAttributes, type HTMLInputTypeAttribute, type Ref } from 'react'
import { bindable, type InputProps } from '@/components/bound'
import { FieldFrame } from '@/components/FieldFrame'

interface TextProps extends InputProps<string> {
  type?: HTMLInputTypeAttribute
  autoComplete?: string
  placeholder?: string
  maxLength?: number
  isReadOnly?: boolean
  autoFocus?: boolean
  /** Several lines; how many are seen. */
  rows?: number
  inputMode?: HTMLAttributes<HTMLInputElement>['inputMode']
}

/** A line of text; with `rows` several. */
export const TextField = bindable<string, TextProps>(function TextInput(props) {
  const { value, onChange, onBlur, inputRef, isReadOnly, rows, type = 'text' } = props
  const { autoComplete, placeholder, maxLength, inputMode, autoFocus } = props
  const own = { value: value ?? '', onBlur, autoComplete, placeholder, maxLength, autoFocus, readOnly: isReadOnly }
  return (
    <FieldFrame {...props}>
      {(described) =>
        rows === undefined ? (
          <input
            {...described}
            {...own}
            ref={inputRef as Ref<HTMLInputElement>}
            type={type}
            inputMode={inputMode}
            onChange={(event) => onChange?.(event.target.value)}
            className="field"
          />
        ) : (
          <textarea
            {...described}
            {...own}
            ref={inputRef as Ref<HTMLTextAreaElement>}
            rows={rows}
            onChange={(event) => onChange?.(event.target.value)}
            className="field h-auto py-2"
          />
        )
      }
    </FieldFrame>
  )
})

interface NumberProps extends InputProps<number | null> {
  min?: number
  max?: number
  step?: number
  /** Behind the number, such as `%` or `days`. */
  unit?: string
  placeholder?: string
}

/** A number; null where nothing is put in. What is no number stays as typed and counts as NaN, which zod refuses. */
export const NumberField = bindable<number | null, NumberProps>(function NumberInput(props) {
  const { value, onChange, onBlur, inputRef, min, max, unit, placeholder } = props
  const [typed, setTyped] = useState<string | null>(null)
  const shown = typed ?? (value === null || value === undefined || Number.isNaN(value) ? '' : String(value))
  return (
    <FieldFrame {...props}>
      {(described) => (
        <div className="flex items-center gap-2">
          <input
            {...described}
            ref={inputRef as Ref<HTMLInputElement>}
            value={shown}
            inputMode={props.step !== undefined && Number.isInteger(props.step) ? 'numeric' : 'decimal'}
            autoComplete="off"
            placeholder={placeholder ?? (min !== undefined && max !== undefined ? `${min} to ${max}` : undefined)}
            onChange={(event) => {
              setTyped(event.target.value)
              onChange?.(event.target.value.trim() === '' ? null : Number(event.target.value.replace(',', '.')))
            }}
            onBlur={() => {
              if (value === undefined || value === null || !Number.isNaN(value)) setTyped(null)
              onBlur?.()
            }}
            className="field"
          />
          {unit !== undefined && <span className="text-muted">{unit}</span>}
        </div>
      )}
    </FieldFrame>
  )
})
