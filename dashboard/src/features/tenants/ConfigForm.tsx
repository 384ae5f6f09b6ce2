import * as z from 'zod/mini'
import { Button } from '@/components/Button'
import { SelectField } from '@/components/ChoiceFields'
import { ComboField } from '@/components/ComboField'
import { Form, useZodForm } from '@/components/Form'
import { NumberField, TextField } from '@/components/TextField'
import { toast } from '@/components/toast'
import { changeTenant, type Tenant, type TenantConfig } from '@/features/tenants/api'
import { CURRENCY, TIMEZONES } from '@/features/tenants/fields'

const WHOLE = z.number('Enter a number.').check(z.int('Enter a whole number.'), z.minimum(1, 'Enter at least 1.'))

const CONFIG = z.object({
  name: z.string().check(z.trim(), z.minLength(1, 'Enter the name of the shop.'), z.maxLength(200)),
  config: z.object({
    defaultStrategy: z.string(),
    excludePurchased: z.string(),
    allowedOrigins: z.string(),
    currency: CURRENCY,
    timezone: z.string(),
    attributionWindowHours: WHOLE.check(z.maximum(2160, 'Enter at most 2160, which is 90 days.')),
    diversity: z.number('Enter a number.').check(z.minimum(0, 'Enter 0 to 1.'), z.maximum(1, 'Enter 0 to 1.')),
    rateLimits: z.object({ readPerMinute: z.number('Enter a number.'), writePerMinute: z.number('Enter a number.') }),
  }),
})
type Values = z.infer<typeof CONFIG>

const STRATEGIES = [
  { value: 'auto', label: 'Automatic', about: 'Weighs all evidence, as learned from the shop.' },
  { value: 'collaborative', label: 'Collaborative', about: 'What like-minded shoppers took.' },
  { value: 'content_based', label: 'Content', about: 'Products that are alike.' },
  { value: 'trending', label: 'Trending', about: 'What is popular now.' },
  { value: 'frequently_bought_together', label: 'Bought together', about: 'What goes into the same order.' },
  { value: 'recently_viewed', label: 'Recently viewed', about: 'What the shopper looked at, newest first.' },
  { value: 'buy_again', label: 'Buy again', about: 'What the shopper bought and may buy again.' },
  { value: 'new_arrivals', label: 'New arrivals', about: 'The newest products first.' },
  { value: 'popular', label: 'Popular', about: 'What most shoppers take.' },
]
const PURCHASED = [
  { value: 'auto', label: 'Automatic', about: 'Products that people rarely buy again are left out of the lists of those who have them.' },
  { value: 'always', label: 'Always left out', about: 'No list shows the shopper what they have bought.' },
  { value: 'never', label: 'Never left out', about: 'As for shops whose products are bought again and again.' },
]

const aboutOf = (options: typeof STRATEGIES, value: string): string => options.find((option) => option.value === value)?.about ?? ''

/** The form has origins a line each; the API has a list. */
const linesOf = (text: string): string[] => text.split(/\s+/).filter((line) => line !== '')

function valuesOf({ name, config }: Tenant): Values {
  const { readPerMinute = 0, writePerMinute = 0 } = config.rateLimits ?? {}
  return {
    name,
    config: {
      defaultStrategy: config.defaultStrategy ?? 'auto',
      excludePurchased: config.excludePurchased ?? 'auto',
      allowedOrigins: (config.allowedOrigins ?? []).join('\n'),
      currency: config.currency ?? 'USD',
      timezone: config.timezone ?? 'UTC',
      attributionWindowHours: config.attributionWindowHours ?? 168,
      diversity: config.diversity ?? 0,
      rateLimits: { readPerMinute, writePerMinute },
    },
  }
}

/** Only what was changed is sent: what the operator has set beyond what owners may set stays. */
function changesOf(before: Values, { config }: Values): Partial<TenantConfig> {
  const given = { ...config, allowedOrigins: linesOf(config.allowedOrigins) }
  const kept = { ...before.config, allowedOrigins: linesOf(before.config.allowedOrigins) }
  const changed = Object.entries(given).filter(
    ([field, value]) => JSON.stringify(value) !== JSON.stringify(kept[field as keyof typeof kept]),
  )
  return Object.fromEntries(changed) as Partial<TenantConfig>
}

/** The tenant's name and configuration. */
export function ConfigForm({ tenant, isReadOnly }: { tenant: Tenant; isReadOnly: boolean }) {
  const form = useZodForm(CONFIG, {
    defaultValues: valuesOf(tenant),
    onSubmit: async (values) => {
      const saved = await changeTenant(tenant.id, { name: values.name, config: changesOf(valuesOf(tenant), values) as TenantConfig })
      form.reset(valuesOf(saved))
      toast({ title: 'The settings are saved. They hold at once.', tone: 'good' })
    },
  })
  return (
    <Form form={form}>
      <fieldset disabled={isReadOnly} className="flex min-w-0 flex-col gap-4">
        <TextField name="name" label="Name" />
        <Lists strategy={form.watch('config.defaultStrategy')} purchased={form.watch('config.excludePurchased')} />
        <Measuring />
        <Access />
        {!isReadOnly && (
          <div>
            <Button type="submit" variant="primary" isPending={form.formState.isSubmitting} disabled={!form.formState.isDirty}>
              Save
            </Button>
          </div>
        )}
      </fieldset>
    </Form>
  )
}

const Lists = ({ strategy, purchased }: { strategy: string; purchased: string }) => (
  <>
    <SelectField
      name="config.defaultStrategy"
      label="Default strategy"
      hint={`For lists that ask for none. ${aboutOf(STRATEGIES, strategy)}`}
      options={STRATEGIES}
    />
    <SelectField
      name="config.excludePurchased"
      label="Products that a shopper has bought"
      hint={aboutOf(PURCHASED, purchased)}
      options={PURCHASED}
    />
    <NumberField
      name="config.diversity"
      label="Variety"
      min={0}
      max={1}
      hint="How much variety within a list may cost of its relevance: 0 nothing, 1 everything."
    />
  </>
)

const Measuring = () => (
  <>
    <div className="grid gap-4 sm:grid-cols-2">
      <TextField name="config.currency" label="Currency" hint="Purchases in another one are counted apart." maxLength={3} />
      <ComboField name="config.timezone" label="Time zone" hint="Where the shop's days begin." options={TIMEZONES} />
    </div>
    <NumberField
      name="config.attributionWindowHours"
      label="Attribution window"
      min={1}
      max={2160}
      step={1}
      unit="hours"
      hint="A purchase counts for the recommendation that was clicked at most so long before."
    />
  </>
)

const Access = () => (
  <>
    <TextField
      name="config.allowedOrigins"
      label="Allowed origins"
      rows={3}
      hint="Whose pages may use publish keys that name no origins of their own. One a line, such as https://shop.example."
    />
    <div className="grid gap-4 sm:grid-cols-2">
      <NumberField name="config.rateLimits.readPerMinute" label="Reads a minute" step={1} hint="For each key." />
      <NumberField name="config.rateLimits.writePerMinute" label="Writes a minute" step={1} hint="For each key." />
    </div>
  </>
)
