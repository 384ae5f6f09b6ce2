import { createLink } from '@tanstack/react-router'
import type { ButtonHTMLAttributes, ComponentProps, Ref } from 'react'

type Variant = 'primary' | 'secondary' | 'quiet' | 'danger'

const SHAPE =
  'inline-flex h-9 items-center justify-center gap-2 rounded-md px-3 font-medium whitespace-nowrap disabled:cursor-not-allowed disabled:opacity-55 aria-disabled:opacity-55'
const LOOKS: Record<Variant, string> = {
  primary: 'bg-accent text-accent-ink enabled:hover:bg-accent-strong [a&]:hover:bg-accent-strong',
  secondary: 'border border-line-strong bg-surface text-ink enabled:hover:bg-sunken [a&]:hover:bg-sunken',
  quiet: 'text-ink enabled:hover:bg-sunken [a&]:hover:bg-sunken',
  danger: 'border border-bad bg-surface text-bad enabled:hover:bg-bad-soft',
}

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  variant?: Variant
  /** What it does is under way: it stays in place and takes no second press. */
  isPending?: boolean
  ref?: Ref<HTMLButtonElement>
}

export function Button({
  variant = 'secondary',
  isPending = false,
  className = '',
  children,
  onClick,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      aria-disabled={isPending || undefined}
      aria-busy={isPending || undefined}
      onClick={isPending ? (event) => event.preventDefault() : onClick}
      className={`${SHAPE} ${LOOKS[variant]} ${className}`}
    >
      {children}
      {isPending && <span className="size-3 animate-spin rounded-full border-2 border-current border-t-transparent" />}
    </button>
  )
}

function Anchor({ variant = 'secondary', className = '', ...rest }: ComponentProps<'a'> & { variant?: Variant }) {
  return <a {...rest} className={`${SHAPE} ${LOOKS[variant]} ${className}`} />
}

/** A link that looks like a button, to a page of the dashboard: `to`, `params` and `search` as of Link. */
export const LinkButton = createLink(Anchor)
/** The same to an address outside the dashboard, such as a page of the reference. */
export const AnchorButton = Anchor
