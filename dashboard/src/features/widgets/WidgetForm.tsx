import { useWatch } from 'react-hook-form'
import { SelectField, SwitchField } from '@/components/ChoiceFields'
import { Icon } from '@/components/Icon'
import { NumberField, TextField } from '@/components/TextField'
import { number } from '@/components/format'
import { ColorField } from '@/features/widgets/ColorField'
import { contrast, ENOUGH } from '@/features/widgets/contrast'
import { LAYOUTS, SCHEMES, STRATEGIES, type Values } from '@/features/widgets/fields'

/** The fields of a widget, inside its Form. */
export function WidgetFields() {
  return (
    <>
      <TextField name="placementId" label="Placement" hint="The name that pages ask for, such as home or cart." isRequired autoComplete="off" />
      <TextField name="title" label="Title" placeholder="none" />
      <SelectField name="strategy" label="Strategy" options={STRATEGIES} hint="What the list is filled with." />
      <div className="grid grid-cols-1 gap-4 sm:grid-cols-3">
        <SelectField name="layout" label="Layout" options={LAYOUTS} />
        <NumberField name="columns" label="Columns" min={1} max={6} step={1} hint="On a wide screen." />
        <NumberField name="maxItems" label="Products" min={1} max={100} step={1} />
      </div>
      <TextField name="ctaText" label="Words on the button" placeholder="no button" maxLength={60} />
      <SwitchField name="showPrice" label="Show prices" />
      <fieldset className="flex flex-col gap-4 border-t border-line pt-4">
        <legend className="float-left w-full pb-2 text-lg font-semibold">Theme</legend>
        <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
          <ColorField name="theme.textColor" label="Text" />
          <ColorField name="theme.backgroundColor" label="Background" />
          <ColorField name="theme.borderColor" label="Lines" />
          <ColorField name="theme.primaryColor" label="Button" />
        </div>
        <ContrastNote />
        <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
          <NumberField name="theme.borderRadius" label="Corners" min={0} max={48} step={1} unit="px" />
          <NumberField name="theme.gap" label="Gap" min={0} max={64} step={1} unit="px" />
        </div>
        <TextField name="theme.fontFamily" label="Fonts" placeholder="as the page" hint="Names with commas between them, such as Inter, sans-serif." />
        <SelectField name="theme.colorScheme" label="Light or dark" options={SCHEMES} />
      </fieldset>
    </>
  )
}

function ContrastNote() {
  const [text, background] = useWatch<Values, ['theme.textColor', 'theme.backgroundColor']>({
    name: ['theme.textColor', 'theme.backgroundColor'],
  })
  if (text !== '' && background !== '') {
    const found = contrast(text, background)
    if (found === null || found >= ENOUGH) return null
    return (
      <p role="status" className="flex gap-2 text-warn">
        <Icon name="alert" className="mt-0.5" />
        Hard to read: the contrast of text and background is {number(found, { maximumFractionDigits: 1 })}, and 4.5 is the least that reads well.
      </p>
    )
  }
  if (text === '' && background === '') return null
  return (
    <p role="status" className="text-muted">
      {text === '' ? 'The text becomes black or white, whichever reads better on this background.' : 'The background becomes black or white, whichever this text reads better on.'}
    </p>
  )
}
