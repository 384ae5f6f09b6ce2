import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import * as z from 'zod/mini'
import { Button } from '@/components/Button'
import { SelectField } from '@/components/ChoiceFields'
import { ComboField } from '@/components/ComboField'
import { Dialog } from '@/components/Dialog'
import { Form, useZodForm } from '@/components/Form'
import { NumberField, TextField } from '@/components/TextField'
import { makeExperiment } from '@/features/experiments/api'
import { placementsQuery } from '@/features/experiments/placements'
import { KINDS, METRICS, options, STRATEGIES } from '@/features/experiments/words'

const STRATEGY = z.enum([
  'auto', 'collaborative', 'content_based', 'trending', 'frequently_bought_together',
  'recently_viewed', 'buy_again', 'new_arrivals', 'popular',
])
const SCHEMA = z.object({
  name: z.string().check(z.trim(), z.minLength(1, 'Give it a name.'), z.maxLength(200)),
  placementId: z.string(),
  controlStrategy: STRATEGY,
  variantStrategy: STRATEGY,
  kind: z.enum(['ab', 'interleaving']),
  metric: z.enum(['ctr', 'conversion_rate', 'revenue_per_user']),
  trafficSplit: z.number('Give a whole number from 1 to 99.').check(z.int(), z.minimum(1), z.maximum(99)),
}).check(z.refine((given) => given.controlStrategy !== given.variantStrategy, { path: ['variantStrategy'], message: 'Choose another strategy than control’s.' }))

const WHERE = 'Where on the site. Left empty, it is of the whole shop.'

interface Props {
  tenantId: string
  isOpen: boolean
  onClose: () => void
}

export function NewExperiment({ tenantId, isOpen, onClose }: Props) {
  return (
    <Dialog title="New experiment" isOpen={isOpen} onClose={onClose} size="medium">
      <Fields tenantId={tenantId} onClose={onClose} />
    </Dialog>
  )
}

function Fields({ tenantId, onClose }: Omit<Props, 'isOpen'>) {
  const navigate = useNavigate()
  const { data: placements = [] } = useQuery(placementsQuery(tenantId))
  const form = useZodForm<z.infer<typeof SCHEMA>>(SCHEMA, {
    defaultValues: {
      name: '', placementId: '', controlStrategy: 'trending', variantStrategy: 'auto', kind: 'ab', metric: 'ctr', trafficSplit: 50,
    },
    onSubmit: async ({ placementId, ...given }) => {
      const fixed = given.kind === 'interleaving' ? { metric: 'ctr' as const, trafficSplit: 50 } : {}
      const made = await makeExperiment(tenantId, { ...given, ...fixed, placementId: placementId.trim() || null })
      onClose()
      await navigate({ to: '/dashboard/tenants/$tenantId/experiments/$experimentId', params: { tenantId, experimentId: made.id } })
    },
  })
  const isInterleaved = form.watch('kind') === 'interleaving'
  return (
    <Form form={form}>
      <TextField name="name" label="Name" isRequired placeholder="Learned ranking on the home page" />
      {placements.length > 0 ? (
        <ComboField
          name="placementId"
          label="Placement"
          options={placements.map((name) => ({ value: name, label: name }))}
          allowsOwn
          hint={WHERE}
        />
      ) : (
        <TextField name="placementId" label="Placement" hint={WHERE} />
      )}
      <div className="grid gap-4 md:grid-cols-2">
        <SelectField name="controlStrategy" label="Control" options={options(STRATEGIES)} hint="What is served now." />
        <SelectField name="variantStrategy" label="Variant" options={options(STRATEGIES)} hint="What may be better." />
      </div>
      <SelectField name="kind" label="Kind" options={options(KINDS)} hint="Interleaving finds the better list with far fewer shoppers, and does not say by how much it raises sales." />
      {!isInterleaved && (
        <div className="grid gap-4 md:grid-cols-2">
          <SelectField name="metric" label="Measured by" options={options(METRICS)} />
          <NumberField name="trafficSplit" label="Shoppers who see control" unit="%" min={1} max={99} step={1} />
        </div>
      )}
      <p className="text-sm text-muted">It is a draft at first. Its page says how long a lift takes to find, and starts it.</p>
      <div className="flex justify-end gap-2">
        <Button variant="quiet" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" variant="primary" isPending={form.formState.isSubmitting}>
          Make the draft
        </Button>
      </div>
    </Form>
  )
}
