import { ComboBox, Input, Label } from 'react-aria-components/ComboBox'
import { ListBox, ListBoxItem } from 'react-aria-components/ListBox'
import { Popover } from 'react-aria-components/Popover'
import type { Option } from '@/components/ChoiceFields'
import { FieldNotes } from '@/components/FieldFrame'
import type { ComboProps } from '@/components/ComboField'
import { useId, type Ref } from 'react'

export default function ComboInput(props: ComboProps) {
  const { label, value, onChange, onBlur, inputRef, options, allowsOwn, placeholder } = props
  const id = useId()
  const chosen = options.find((option) => option.value === value)
  return (
    <ComboBox
      className={`flex min-w-0 flex-col gap-1 ${props.className ?? ''}`}
      defaultItems={options}
      selectedKey={chosen ? chosen.value : null}
      defaultInputValue={chosen?.label ?? value ?? ''}
      onSelectionChange={(key) => key !== null && onChange?.(String(key))}
      onInputChange={(typed) => {
        if (allowsOwn) onChange?.(options.find((option) => option.label === typed)?.value ?? typed)
        else if (typed === '') onChange?.('')
      }}
      onBlur={onBlur}
      allowsCustomValue={allowsOwn}
      allowsEmptyCollection
      isDisabled={props.isDisabled}
      isInvalid={props.error !== undefined}
      menuTrigger="focus"
    >
      <Label className={props.hideLabel ? 'sr-only' : 'font-medium'}>{label}</Label>
      <Input
        ref={inputRef as Ref<HTMLInputElement>}
        placeholder={placeholder}
        aria-describedby={`${id}-hint ${id}-error`}
        className="field"
      />
      <FieldNotes id={id} hint={props.hint} error={props.error} />
      <Popover className="max-h-72 w-(--trigger-width) overflow-y-auto rounded-md border border-line bg-surface p-1 text-ink shadow-lg">
        <ListBox<Option>
          className="outline-none"
          renderEmptyState={() => <p className="px-2 py-1.5 text-muted">Nothing found</p>}
        >
          {(option) => (
            <ListBoxItem
              id={option.value}
              textValue={option.label}
              className="cursor-pointer rounded px-2 py-1.5 break-words outline-none data-focused:bg-sunken data-selected:font-medium"
            >
              {option.label}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </ComboBox>
  )
}
