import { Link } from '@tanstack/react-router'
import { useEffect, type ReactNode } from 'react'

export interface Crumb {
  label: string
  to: string
  params?: Record<string, string>
}

export interface PageProps {
  title: string
  /** Buttons beside the title. */
  actions?: ReactNode
  /** The pages above this one. */
  breadcrumbs?: Crumb[]
  /** One sentence below the title. */
  intro?: ReactNode
  children: ReactNode
}

/** A page: its title in the tab and as the one h1, which gets the focus after a navigation. */
export function Page({ title, actions, breadcrumbs, intro, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · RecomEngine`
  }, [title])
  return (
    <div className="mx-auto max-w-6xl px-4 py-5 md:px-8 md:py-7">
      {breadcrumbs !== undefined && <Breadcrumbs crumbs={breadcrumbs} />}
      <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-3 pb-5">
        <div className="min-w-0">
          <h1 tabIndex={-1} className="text-xl font-semibold break-words outline-none">
            {title}
          </h1>
          {intro !== undefined && <p className="max-w-2xl pt-1 text-muted">{intro}</p>}
        </div>
        {actions !== undefined && <div className="flex flex-wrap gap-2">{actions}</div>}
      </div>
      <div className="flex flex-col gap-6">{children}</div>
    </div>
  )
}

function Breadcrumbs({ crumbs }: { crumbs: Crumb[] }) {
  return (
    <nav aria-label="Breadcrumbs" className="pb-1 text-sm text-muted">
      <ol className="flex flex-wrap gap-1">
        {crumbs.map(({ label, to, params }) => (
          <li key={to + label}>
            <Link to={to} params={params as never} className="hover:text-ink hover:underline">
              {label}
            </Link>
            <span aria-hidden="true"> /</span>
          </li>
        ))}
      </ol>
    </nav>
  )
}

/** A part of a page under a heading of its own. */
export function Section({ title, actions, intro, children }: Omit<PageProps, 'breadcrumbs'>) {
  return (
    <section className="border-t border-line pt-4">
      <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2 pb-3">
        <div className="min-w-0">
          <h2 className="text-lg font-semibold break-words">{title}</h2>
          {intro !== undefined && <p className="max-w-2xl pt-0.5 text-muted">{intro}</p>}
        </div>
        {actions !== undefined && <div className="flex flex-wrap gap-2">{actions}</div>}
      </div>
      {children}
    </section>
  )
}
