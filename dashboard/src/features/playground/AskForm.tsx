import { useNavigate } from '@tanstack/react-router'
import * as z from 'zod/mini'
import { Button } from '@/components/Button'
import { Checkbox, SelectField } from '@/components/ChoiceFields'
import { Form, useZodForm } from '@/components/Form'
import { NumberField, TextField } from '@/components/TextField'
import { strategiesOf, type Asked } from '@/features/playground/asked'
import { ProductsField } from '@/features/playground/ProductsField'
import { playgroundRoute } from '@/features/playground/routes'
import { STRATEGIES, strategyLabel } from '@/features/playground/strategies'

const price = z.nullable(z.number('Put in a number.').check(z.minimum(0, 'A price is 0 or more.')))
const schema = z.object({
  user: z.string(),
  products: z.string(),
  context: z.enum(['', 'home', 'product', 'cart']),
  placement: z.string(),
  category: z.string(),
  min: price,
  max: price,
  exclude: z.string(),
  limit: z.nullable(z.int('Put in a whole number.').check(z.minimum(1, 'Ask for 1 or more.'), z.maximum(100, 'Ask for 100 at most.'))),
  strategies: z.record(z.enum(STRATEGIES), z.boolean()),
})
type Values = z.infer<typeof schema>

/** The question; what is asked stands in the address, so that it can be sent to somebody. */
export function AskForm({ asked }: { asked: Asked }) {
  const navigate = useNavigate({ from: playgroundRoute.fullPath })
  const form = useZodForm<Values>(schema, {
    defaultValues: valuesOf(asked),
    onSubmit: (values) => navigate({ search: { ...askedOf(values), against: asked.against }, resetScroll: false }),
  })
  return (
    <Form form={form}>
      <div className="grid gap-4 sm:grid-cols-2 lg:grid-cols-3">
        <TextField name="user" label="Shopper" placeholder="Nobody known" hint="The id, as events have it." />
        <ProductsField />
        <SelectField
          name="context"
          label="Page"
          hint="By the products: home without any."
          options={[
            { value: '', label: 'By the products' },
            { value: 'home', label: 'Home' },
            { value: 'product', label: 'A product’s page' },
            { value: 'cart', label: 'The cart' },
          ]}
        />
      </div>
      <details className="group" open={hasMore(asked)}>
        <summary className="w-fit text-muted hover:text-ink">Placement and filters</summary>
        <div className="grid gap-4 pt-3 sm:grid-cols-2 lg:grid-cols-3">
          <TextField name="category" label="Category" placeholder="Shoes > Boots" />
          <NumberField name="min" label="Lowest price" min={0} placeholder="none" />
          <NumberField name="max" label="Highest price" min={0} placeholder="none" />
          <TextField name="exclude" label="Leave out" hint="Ids of products, separated by commas." />
          <TextField name="placement" label="Placement" hint="Goes into the copied request." />
          <NumberField name="limit" label="Products in a list" min={1} max={100} step={1} placeholder="8" />
        </div>
      </details>
      <fieldset className="flex flex-wrap gap-x-5 gap-y-2">
        <legend className="pb-1 font-medium">Strategies</legend>
        {STRATEGIES.map((strategy) => (
          <Checkbox key={strategy} name={`strategies.${strategy}`} label={strategyLabel(strategy)} />
        ))}
      </fieldset>
      <div>
        <Button type="submit" variant="primary" isPending={form.formState.isSubmitting}>
          Make the lists
        </Button>
      </div>
    </Form>
  )
}

const hasMore = ({ category, min, max, exclude, placement, limit }: Asked): boolean =>
  [category, min, max, exclude, placement, limit].some((value) => value !== undefined)

function valuesOf(asked: Asked): Values {
  const chosen = strategiesOf(asked.strategies)
  return {
    user: asked.user ?? '',
    products: asked.products ?? '',
    context: asked.context ?? '',
    placement: asked.placement ?? '',
    category: asked.category ?? '',
    min: asked.min ?? null,
    max: asked.max ?? null,
    exclude: asked.exclude ?? '',
    limit: asked.limit ?? null,
    strategies: Object.fromEntries(STRATEGIES.map((strategy) => [strategy, chosen.includes(strategy)])) as Values['strategies'],
  }
}

function askedOf(values: Values): Asked {
  const chosen = STRATEGIES.filter((strategy) => values.strategies[strategy])
  return {
    user: values.user.trim() || undefined,
    products: values.products.trim() || undefined,
    context: values.context || undefined,
    placement: values.placement.trim() || undefined,
    category: values.category.trim() || undefined,
    min: values.min ?? undefined,
    max: values.max ?? undefined,
    exclude: values.exclude.trim() || undefined,
    limit: values.limit ?? undefined,
    strategies: chosen.length === STRATEGIES.length || chosen.length === 0 ? undefined : chosen.join(','),
  }
}
