import * as z from 'zod/mini'
import { useAdmin } from '@/app/useSession'
import { Button } from '@/components/Button'
import { Form, useZodForm } from '@/components/Form'
import { Page, Section } from '@/components/Page'
import { TextField } from '@/components/TextField'
import { toast } from '@/components/toast'
import { changePassword, rename } from '@/features/account/api'
import { Sessions } from '@/features/account/Sessions'
import { MIN_LENGTH, newPassword, password } from '@/features/entry/fields'

export function AccountPage() {
  const admin = useAdmin()
  return (
    <Page title="Account" intro="Yours alone, over all tenants.">
      <Section title="Profile">{admin && <ProfileForm key={admin.id} name={admin.name} email={admin.email} />}</Section>
      <Section title="Password" intro="All other sessions of the account end with the old one.">
        <PasswordForm />
      </Section>
      <Section title="Sessions" intro="Where you are signed in. A session ends by itself after seven days without use.">
        <Sessions />
      </Section>
    </Page>
  )
}

const PROFILE = z.object({ name: z.string().check(z.maxLength(200)) })

function ProfileForm({ name, email }: { name: string; email: string }) {
  const form = useZodForm(PROFILE, {
    defaultValues: { name },
    onSubmit: async (values) => {
      await rename(values.name)
      form.reset(values)
      toast({ title: 'Your name is saved.', tone: 'good' })
    },
  })
  return (
    <Form form={form} className="max-w-md">
      <TextField label="E-mail" value={email} isReadOnly hint="The address that you sign in with." />
      <TextField name="name" label="Name" autoComplete="name" hint="As your colleagues see it. May be left empty." />
      <div>
        <Button type="submit" isPending={form.formState.isSubmitting} disabled={!form.formState.isDirty}>
          Save the name
        </Button>
      </div>
    </Form>
  )
}

const PASSWORD = z.object({ currentPassword: password, newPassword })
const EMPTY = { currentPassword: '', newPassword: '' }

function PasswordForm() {
  const form = useZodForm(PASSWORD, {
    defaultValues: EMPTY,
    onSubmit: async (values) => {
      await changePassword(values)
      form.reset(EMPTY)
      toast({ title: 'The password is changed. All other sessions have ended.', tone: 'good' })
    },
  })
  return (
    <Form form={form} className="max-w-md">
      <TextField name="currentPassword" label="Current password" type="password" autoComplete="current-password" />
      <TextField
        name="newPassword"
        label="New password"
        type="password"
        autoComplete="new-password"
        hint={`At least ${MIN_LENGTH} characters, and none that everybody uses.`}
      />
      <div>
        <Button type="submit" isPending={form.formState.isSubmitting}>
          Change the password
        </Button>
      </div>
    </Form>
  )
}
