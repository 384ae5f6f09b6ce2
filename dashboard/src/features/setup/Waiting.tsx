import { Link } from '@tanstack/react-router'
import { ago, number } from '@/components/format'
import type { Setup } from '@/features/setup/api'
import { PAGES } from '@/features/setup/pages'
import { useTenant } from '@/features/tenants/current'

const LINK = 'text-accent underline underline-offset-2'

/** That the page watches, and what was refused meanwhile: why an event that was sent may not come. */
export function Waiting({ setup }: { setup: Setup }) {
  const { id } = useTenant()
  return (
    <div className="my-2 flex flex-col gap-2 border-l-2 border-accent py-1 pl-3">
      <p role="status" className="flex items-center gap-2">
        <span aria-hidden="true" className="size-2 animate-pulse rounded-full bg-accent" />
        Waiting for your first event…
      </p>
      {setup.refusals.map((refusal) => (
        <p key={refusal.kind + refusal.subject} role="alert" className="text-bad">
          {refusal.kind === 'origin_refused'
            ? `A page of ${refusal.subject} was refused, ${ago(refusal.lastAt)}: its origin is not among those that are allowed.`
            : `${number(refusal.times)} ${refusal.times === 1 ? 'event was' : 'events were'} rejected, ${ago(refusal.lastAt)}: ${refusal.subject}.`}{' '}
          <Link
            to={refusal.kind === 'origin_refused' ? PAGES.settings : PAGES.integration}
            params={{ tenantId: id } as never}
            className={LINK}
          >
            {refusal.kind === 'origin_refused' ? 'Allow it in the settings' : 'What to do'}
          </Link>
        </p>
      ))}
    </div>
  )
}
