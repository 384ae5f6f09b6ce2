import * as z from 'zod/mini'
import { signIn, type Admin } from '@/api/session'
import { useSignOut } from '@/app/AccountMenu'
import { Button } from '@/components/Button'
import { Dialog } from '@/components/Dialog'
import { Form, useZodForm } from '@/components/Form'
import { TextField } from '@/components/TextField'
import { password } from '@/features/entry/fields'

const AGAIN = z.object({ password })

/** Over a page whose session has ended: what is on it stays, and what was sent goes on once the password is in. */
export default function SignInAgain({ admin }: { admin: Admin }) {
  const leave = useSignOut()
  const form = useZodForm(AGAIN, {
    defaultValues: { password: '' },
    onSubmit: (values) => signIn(admin.email, values.password),
  })
  return (
    <Dialog title="Your session has ended" isOpen mustAnswer onClose={() => undefined}>
      <p className="text-muted">Sign in again as {admin.email}. Nothing on this page is lost.</p>
      <Form form={form}>
        <input type="hidden" autoComplete="username" value={admin.email} readOnly />
        <TextField
          name="password"
          label="Password"
          type="password"
          autoComplete="current-password"
          autoFocus
          isRequired
        />
        <div className="flex justify-end gap-2">
          <Button variant="quiet" onClick={() => leave.mutate()}>
            Sign out
          </Button>
          <Button type="submit" variant="primary" isPending={form.formState.isSubmitting}>
            Sign in
          </Button>
        </div>
      </Form>
    </Dialog>
  )
}
