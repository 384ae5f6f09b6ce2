import { useId, type Ref } from 'react'
import { bindable, type InputProps } from '@/components/bound'
import { FieldFrame, FieldNotes } from '@/components/FieldFrame'

export interface Option {
  value: string
  label: string
  isDisabled?: boolean
}

interface SelectProps extends InputProps<string> {
  options: readonly Option[]
  /** Shown while nothing is chosen; the value is then the empty text. */
  placeholder?: string
}

/** One of a few. For one of many to search in: ComboField. */
export const SelectField = bindable<string, SelectProps>(function SelectInput(props) {
  const { value, onChange, onBlur, inputRef, options, placeholder } = props
  return (
    <FieldFrame {...props}>
      {(described) => (
        <select
          {...described}
          ref={inputRef as Ref<HTMLSelectElement>}
          value={value ?? ''}
          onChange={(event) => onChange?.(event.target.value)}
          onBlur={onBlur}
          className="field"
        >
          {placeholder !== undefined && <option value="">{placeholder}</option>}
          {options.map((option) => (
            <option key={option.value} value={option.value} disabled={option.isDisabled}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </FieldFrame>
  )
})

export const Checkbox = bindable<boolean, InputProps<boolean>>((props) => <Tick {...props} />)
/** What takes effect at once, or is on and off rather than chosen. */
export const SwitchField = bindable<boolean, InputProps<boolean>>((props) => <Tick {...props} isSwitch />)

const BOX = 'mt-0.5 size-4 shrink-0 accent-accent'
const SWITCH =
  "relative mt-0.5 h-5 w-9 shrink-0 appearance-none rounded-full bg-line-strong checked:bg-accent disabled:opacity-50 after:absolute after:top-0.5 after:left-0.5 after:size-4 after:rounded-full after:bg-surface after:transition-transform after:content-[''] checked:after:translate-x-4"

function Tick({ isSwitch = false, ...props }: InputProps<boolean> & { isSwitch?: boolean }) {
  const id = useId()
  return (
    <div className={`flex flex-col gap-1 ${props.className ?? ''}`}>
      <div className="flex items-start gap-2">
        <input
          id={id}
          type="checkbox"
          role={isSwitch ? 'switch' : undefined}
          ref={props.inputRef as Ref<HTMLInputElement>}
          checked={props.value ?? false}
          disabled={props.isDisabled}
          aria-invalid={props.error !== undefined || undefined}
          aria-describedby={`${id}-hint ${id}-error`}
          onChange={(event) => props.onChange?.(event.target.checked)}
          onBlur={props.onBlur}
          className={isSwitch ? SWITCH : BOX}
        />
        <label htmlFor={id} className={props.hideLabel ? 'sr-only' : ''}>
          {props.label}
        </label>
      </div>
      <FieldNotes id={id} hint={props.hint} error={props.error} />
    </div>
  )
}
