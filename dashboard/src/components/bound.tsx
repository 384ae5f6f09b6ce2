import type { ReactNode, Ref } from 'react'
import { useController } from 'react-hook-form'

/** What every field takes. With a `name` it is a field of the Form around it; else `value` and `onChange` are its own. */
export interface FieldProps<Value> {
  label: string
  /** Below the field: what to put in, or what comes of it. */
  hint?: ReactNode
  name?: string
  value?: Value
  onChange?: (value: Value) => void
  error?: string
  isRequired?: boolean
  isDisabled?: boolean
  /** The label is for screen readers alone. */
  hideLabel?: boolean
  className?: string
}

export interface InputProps<Value> extends FieldProps<Value> {
  onBlur?: () => void
  inputRef?: Ref<HTMLElement>
}

/** A field that is part of the Form around it where it has a name. */
export function bindable<Value, Props extends InputProps<Value>>(Input: (props: Props) => ReactNode) {
  function Bound({ name, ...rest }: Props & { name: string }): ReactNode {
    const { field, fieldState } = useController({ name })
    const props = {
      ...rest,
      value: field.value as Value,
      onChange: (value: Value) => {
        field.onChange(value)
        ;(rest as unknown as Props).onChange?.(value)
      },
      onBlur: field.onBlur,
      inputRef: field.ref,
      error: fieldState.error?.message ?? rest.error,
    }
    return <Input {...(props as unknown as Props)} />
  }
  return function Field(props: Props): ReactNode {
    return props.name === undefined ? <Input {...props} /> : <Bound {...props} name={props.name} />
  }
}
