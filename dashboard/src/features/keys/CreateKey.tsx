import { useState } from 'react'
import * as z from 'zod/mini'
import { Button } from '@/components/Button'
import { SelectField } from '@/components/ChoiceFields'
import { Dialog } from '@/components/Dialog'
import { Form, useZodForm } from '@/components/Form'
import { TextField } from '@/components/TextField'
import { createKey, type NewKey } from '@/features/keys/api'
import { KINDS, mayOf } from '@/features/keys/kinds'
import { ShownOnce } from '@/features/keys/ShownOnce'
import { useTenant } from '@/features/tenants/current'

const KEY = z.object({
  name: z.string().check(z.trim(), z.minLength(1, 'Enter a name, such as where the key is used.'), z.maxLength(200)),
  permissions: z.enum(['publish', 'read', 'read-write']),
  origins: z.string(),
})

/** Makes a key and shows it, once. */
export function CreateKey({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const [made, setMade] = useState<NewKey | null>(null)
  const close = () => {
    setMade(null)
    onClose()
  }
  return (
    <Dialog title={made ? 'The new key' : 'Create a key'} isOpen={isOpen} onClose={close} mustAnswer={made !== null} size="medium">
      {made ? <ShownOnce made={made} onClose={close} /> : <CreateForm onMade={setMade} onClose={close} />}
    </Dialog>
  )
}

function CreateForm({ onMade, onClose }: { onMade: (made: NewKey) => void; onClose: () => void }) {
  const { id } = useTenant()
  const form = useZodForm<z.infer<typeof KEY>>(KEY, {
    defaultValues: { name: '', permissions: 'publish', origins: '' },
    onSubmit: async ({ name, permissions, origins }) => {
      const given = permissions === 'publish' ? origins.split(/\s+/).filter((origin) => origin !== '') : []
      onMade(await createKey(id, { name, permissions, origins: given }))
    },
  })
  return (
    <Form form={form}>
      <TextField name="name" label="Name" hint="Where it is used, such as “storefront”." autoFocus isRequired />
      <SelectField
        name="permissions"
        label="Permission"
        hint={mayOf(form.watch('permissions'))}
        options={KINDS}
      />
      {form.watch('permissions') === 'publish' && (
        <TextField
          name="origins"
          label="Origins"
          rows={2}
          hint="Whose pages may use it, one a line, such as https://shop.example. Empty: the origins of the tenant."
        />
      )}
      <div className="flex flex-wrap justify-end gap-2">
        <Button variant="quiet" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" variant="primary" isPending={form.formState.isSubmitting}>
          Create the key
        </Button>
      </div>
    </Form>
  )
}
