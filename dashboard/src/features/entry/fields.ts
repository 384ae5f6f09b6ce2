import * as z from 'zod/mini'

/** What the server asks of them; what only it can know, such as common passwords, it says itself. */
export const MIN_LENGTH = 10
export const email = z
  .string()
  .check(z.regex(/^[^@\s,;:<>()[\]\\"]+@[^@\s,;:<>()[\]\\"]+$/, 'Enter an address such as ann@example.com.'))
export const password = z.string().check(z.minLength(1, 'Enter your password.'))
export const newPassword = z.string().check(z.minLength(MIN_LENGTH, `Use at least ${MIN_LENGTH} characters.`))
