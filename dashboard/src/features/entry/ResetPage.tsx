import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import * as z from 'zod/mini'
import { api, Problem } from '@/api/client'
import { Button } from '@/components/Button'
import { Form, useZodForm } from '@/components/Form'
import { TextField } from '@/components/TextField'
import { toast } from '@/components/toast'
import { EntryFrame, LINK } from '@/features/entry/EntryFrame'
import { MIN_LENGTH, newPassword } from '@/features/entry/fields'

const RESET = z.object({ password: newPassword })

/** The token stands behind #, which browsers send to no server, so that no log has it. */
const tokenOfLink = (): string => location.hash.slice(1)

export function ResetPage() {
  const [token] = useState(tokenOfLink)
  const [spent, setSpent] = useState(token === '')
  const navigate = useNavigate()
  const form = useZodForm(RESET, {
    defaultValues: { password: '' },
    onSubmit: async ({ password }) => {
      try {
        await api.POST('/api/v1/auth/reset-password', { body: { token, password } })
      } catch (error) {
        if (error instanceof Problem && 'token' in error.fields) return setSpent(true)
        throw error
      }
      toast({ title: 'The new password is set. Sign in with it.', tone: 'good' })
      await navigate({ to: '/login' })
    },
  })
  if (spent) {
    return (
      <EntryFrame title="This link does not work any more">
        <p role="alert">A link for a new password works once, and for an hour.</p>
        <p>
          <Link to="/forgot-password" className={LINK}>
            Ask for a new link
          </Link>
        </p>
      </EntryFrame>
    )
  }
  return (
    <EntryFrame title="Choose a new password" intro="All sessions of the account end; you sign in anew.">
      <Form form={form}>
        <TextField
          name="password"
          label="New password"
          type="password"
          autoComplete="new-password"
          hint={`At least ${MIN_LENGTH} characters, and none that everybody uses.`}
          isRequired
        />
        <Button type="submit" variant="primary" isPending={form.formState.isSubmitting}>
          Set the password
        </Button>
      </Form>
    </EntryFrame>
  )
}
