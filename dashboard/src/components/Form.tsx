import { zodResolver } from '@hookform/resolvers/zod'
import type { ReactNode } from 'react'
import {
  FormProvider,
  useForm,
  type DefaultValues,
  type FieldValues,
  type Path,
  type UseFormReturn,
} from 'react-hook-form'
import type { $ZodType } from 'zod/v4/core'
import { Problem } from '@/api/problem'
import { ErrorState } from '@/components/ErrorState'

export type ZodForm<Values extends FieldValues> = UseFormReturn<Values, unknown, Values> & {
  submit: () => Promise<void>
  problem: unknown
}

interface Options<Values extends FieldValues> {
  defaultValues: DefaultValues<Values>
  /** Saves it. What it throws is shown: a Problem's fields at the fields of these names, the rest above the buttons. */
  onSubmit: (values: Values) => Promise<unknown>
}

export function useZodForm<Values extends FieldValues>(
  schema: $ZodType<Values, Values>,
  { defaultValues, onSubmit }: Options<Values>,
): ZodForm<Values> {
  const form = useForm<Values, unknown, Values>({ resolver: zodResolver(schema), defaultValues })
  const submit = form.handleSubmit(async (values) => {
    try {
      await onSubmit(values)
    } catch (error) {
      if (!showAtFields(form, error)) form.setError('root', { message: 'failed', types: { problem: error as never } })
    }
  })
  return {
    ...form,
    submit: () => submit(),
    problem: (form.formState.errors.root?.types as { problem?: unknown } | undefined)?.problem,
  }
}

/** Whether all that is wrong could be shown at fields. */
function showAtFields<Values extends FieldValues>(
  form: UseFormReturn<Values, unknown, Values>,
  error: unknown,
): boolean {
  if (!(error instanceof Problem)) return false
  const values = form.getValues()
  const entries = Object.entries(error.fields).map(([path, message]) => [fieldOf(values, path), message] as const)
  const known = entries.filter(([path]) => form.getFieldState(path as Path<Values>) && has(values, path))
  known.forEach(([path, message], index) =>
    form.setError(path as Path<Values>, { message: sentence(message) }, { shouldFocus: index === 0 }),
  )
  return entries.length > 0 && known.length === entries.length
}

/** `origins[0]` as `origins.0`; as `origins` where the form has the whole list in one field. */
function fieldOf(values: object, path: string): string {
  const field = path.replace(/\[(\d+)\]/g, '.$1')
  return has(values, field) ? field : field.replace(/\.\d+$/, '')
}

const has = (values: object, path: string): boolean => {
  let at: unknown = values
  for (const name of path.split('.')) {
    if (typeof at !== 'object' || at === null || !(name in at)) return false
    at = (at as Record<string, unknown>)[name]
  }
  return true
}

/** The API's messages go on after a field's path: "is unknown, used or older than an hour". */
const sentence = (message: string): string =>
  `${message.charAt(0).toUpperCase()}${message.slice(1)}${/[.!?]$/.test(message) ? '' : '.'}`

interface FormProps<Values extends FieldValues> {
  form: ZodForm<Values>
  children: ReactNode
  className?: string
}

/** Fields with a `name` inside it are its own. */
export function Form<Values extends FieldValues>({ form, children, className = '' }: FormProps<Values>) {
  return (
    <FormProvider {...(form as unknown as UseFormReturn)}>
      <form
        noValidate
        className={`flex flex-col gap-4 ${className}`}
        onSubmit={(event) => {
          event.preventDefault()
          event.stopPropagation()
          void form.submit()
        }}
      >
        {form.problem !== undefined && <ErrorState error={form.problem} />}
        {children}
      </form>
    </FormProvider>
  )
}
