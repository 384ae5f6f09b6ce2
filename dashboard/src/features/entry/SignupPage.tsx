import { Link, useRouter } from '@tanstack/react-router'
import * as z from 'zod/mini'
import { signUp } from '@/api/session'
import { Button } from '@/components/Button'
import { Form, useZodForm } from '@/components/Form'
import { TextField } from '@/components/TextField'
import { EntryFrame, LINK } from '@/features/entry/EntryFrame'
import { email, MIN_LENGTH, newPassword } from '@/features/entry/fields'
import { pageAfter, signupRoute } from '@/features/entry/routes'

const SIGNUP = z.object({ name: z.string().check(z.maxLength(200)), email, password: newPassword })

export function SignupPage() {
  const { next } = signupRoute.useSearch()
  const router = useRouter()
  const form = useZodForm(SIGNUP, {
    defaultValues: { name: '', email: '', password: '' },
    onSubmit: async (values) => {
      await signUp(values.email, values.password, values.name)
      router.history.push(pageAfter(next))
    },
  })
  return (
    <EntryFrame title="Make an account" intro="An account is yours alone. Shops are added to it afterwards.">
      <Form form={form}>
        <TextField
          name="name"
          label="Name"
          autoComplete="name"
          hint="As your colleagues know you. May be left empty."
        />
        <TextField name="email" label="E-mail" type="email" autoComplete="username" isRequired />
        <TextField
          name="password"
          label="Password"
          type="password"
          autoComplete="new-password"
          hint={`At least ${MIN_LENGTH} characters, and none that everybody uses.`}
          isRequired
        />
        <Button type="submit" variant="primary" isPending={form.formState.isSubmitting}>
          Make the account
        </Button>
      </Form>
      <p className="text-muted">
        Have one?{' '}
        <Link to="/login" search={{ next }} className={LINK}>
          Sign in
        </Link>
      </p>
    </EntryFrame>
  )
}
