import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import * as z from 'zod/mini'
import { answerOf, api } from '@/api/client'
import { Button } from '@/components/Button'
import { Form, useZodForm } from '@/components/Form'
import { TextField } from '@/components/TextField'
import { EntryFrame, LINK } from '@/features/entry/EntryFrame'
import { email } from '@/features/entry/fields'

const FORGOT = z.object({ email })

export function ForgotPage() {
  const [sentTo, setSentTo] = useState<string | null>(null)
  const form = useZodForm(FORGOT, {
    defaultValues: { email: '' },
    onSubmit: async (body) => {
      await answerOf(api.POST('/api/v1/auth/forgot-password', { body }))
      setSentTo(body.email)
    },
  })
  if (sentTo !== null) {
    return (
      <EntryFrame title="Look into your mail">
        <p role="status">
          If there is an account for {sentTo}, a link for a new password is on its way. It works once, for an hour.
        </p>
        <p className="text-muted">
          <Link to="/login" className={LINK}>
            Back to signing in
          </Link>
        </p>
      </EntryFrame>
    )
  }
  return (
    <EntryFrame title="Forgot your password?" intro="We mail you a link to choose a new one.">
      <Form form={form}>
        <TextField name="email" label="E-mail" type="email" autoComplete="username" isRequired />
        <Button type="submit" variant="primary" isPending={form.formState.isSubmitting}>
          Send the link
        </Button>
      </Form>
      <p className="text-muted">
        <Link to="/login" className={LINK}>
          Back to signing in
        </Link>
      </p>
    </EntryFrame>
  )
}
