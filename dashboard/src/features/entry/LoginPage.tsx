import { Link, useRouter } from '@tanstack/react-router'
import * as z from 'zod/mini'
import { signIn } from '@/api/session'
import { Button } from '@/components/Button'
import { Form, useZodForm } from '@/components/Form'
import { TextField } from '@/components/TextField'
import { EntryFrame, LINK } from '@/features/entry/EntryFrame'
import { email, password } from '@/features/entry/fields'
import { loginRoute, pageAfter } from '@/features/entry/routes'

const LOGIN = z.object({ email, password })

export function LoginPage() {
  const { next } = loginRoute.useSearch()
  const router = useRouter()
  const form = useZodForm(LOGIN, {
    defaultValues: { email: '', password: '' },
    onSubmit: async (values) => {
      await signIn(values.email, values.password)
      router.history.push(pageAfter(next))
    },
  })
  return (
    <EntryFrame title="Sign in">
      <Form form={form}>
        <TextField name="email" label="E-mail" type="email" autoComplete="username" isRequired />
        <TextField name="password" label="Password" type="password" autoComplete="current-password" isRequired />
        <Button type="submit" variant="primary" isPending={form.formState.isSubmitting}>
          Sign in
        </Button>
      </Form>
      <p className="text-muted">
        <Link to="/forgot-password" className={LINK}>
          Forgot your password?
        </Link>
      </p>
      <p className="text-muted">
        New here?{' '}
        <Link to="/signup" search={{ next }} className={LINK}>
          Make an account
        </Link>
      </p>
    </EntryFrame>
  )
}
