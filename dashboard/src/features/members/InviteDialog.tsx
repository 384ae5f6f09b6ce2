import * as z from 'zod/mini'
import { Button } from '@/components/Button'
import { SelectField } from '@/components/ChoiceFields'
import { Dialog } from '@/components/Dialog'
import { Form, useZodForm } from '@/components/Form'
import { TextField } from '@/components/TextField'
import { toast } from '@/components/toast'
import { email } from '@/features/entry/fields'
import { invite } from '@/features/members/api'
import { useTenant } from '@/features/tenants/current'
import { mayOf, ROLES } from '@/features/tenants/roles'

const INVITATION = z.object({ email, role: z.enum(['analyst', 'developer', 'owner']) })

export function InviteDialog({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return (
    <Dialog title="Invite somebody" isOpen={isOpen} onClose={onClose}>
      <InviteForm onClose={onClose} />
    </Dialog>
  )
}

function InviteForm({ onClose }: { onClose: () => void }) {
  const { id } = useTenant()
  const form = useZodForm<z.infer<typeof INVITATION>>(INVITATION, {
    defaultValues: { email: '', role: 'analyst' },
    onSubmit: async (values) => {
      await invite(id, values)
      toast({ title: `A mail with a link is on its way to ${values.email}.`, tone: 'good' })
      onClose()
    },
  })
  return (
    <Form form={form}>
      <TextField
        name="email"
        label="E-mail"
        type="email"
        hint="A link goes there. It works once, for seven days, and for the account of this address alone."
        autoFocus
        isRequired
      />
      <SelectField name="role" label="Role" hint={mayOf(form.watch('role'))} options={ROLES} />
      <div className="flex flex-wrap justify-end gap-2">
        <Button variant="quiet" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" variant="primary" isPending={form.formState.isSubmitting}>
          Send the invitation
        </Button>
      </div>
    </Form>
  )
}
