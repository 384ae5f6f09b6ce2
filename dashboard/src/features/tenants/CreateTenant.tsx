import { useNavigate } from '@tanstack/react-router'
import * as z from 'zod/mini'
import { Button } from '@/components/Button'
import { Dialog } from '@/components/Dialog'
import { Form, useZodForm } from '@/components/Form'
import { TextField } from '@/components/TextField'
import { ComboField } from '@/components/ComboField'
import { createTenant } from '@/features/tenants/api'
import { CURRENCY, TIMEZONES, zoneOfBrowser } from '@/features/tenants/fields'

const TENANT = z.object({
  name: z.string().check(z.trim(), z.minLength(1, 'Enter the name of the shop.'), z.maxLength(200)),
  config: z.object({ currency: CURRENCY, timezone: z.string() }),
})

/** Makes a tenant and leads to it. */
export function CreateTenant({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return (
    <Dialog title="Create a tenant" isOpen={isOpen} onClose={onClose}>
      <CreateForm onClose={onClose} />
    </Dialog>
  )
}

function CreateForm({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate()
  const form = useZodForm(TENANT, {
    defaultValues: { name: '', config: { currency: 'EUR', timezone: zoneOfBrowser() } },
    onSubmit: async (values) => {
      const { id } = await createTenant(values)
      onClose()
      await navigate({ to: '/dashboard/tenants/$tenantId', params: { tenantId: id } })
    },
  })
  return (
    <Form form={form}>
      <TextField name="name" label="Name" hint="One shop, as your colleagues call it." autoFocus isRequired />
      <TextField name="config.currency" label="Currency" hint="Three letters. Purchases in another one are counted apart." maxLength={3} />
      <ComboField name="config.timezone" label="Time zone" hint="Where the shop's days begin." options={TIMEZONES} />
      <div className="flex flex-wrap justify-end gap-2">
        <Button variant="quiet" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" variant="primary" isPending={form.formState.isSubmitting}>
          Create
        </Button>
      </div>
    </Form>
  )
}
