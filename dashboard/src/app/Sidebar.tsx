import { Link, useParams } from '@tanstack/react-router'
import { AccountMenu } from '@/app/AccountMenu'
import { useEntries } from '@/app/entries'
import { SECTIONS, type NavEntry } from '@/app/nav'
import { showPalette } from '@/app/palette'
import { TenantSwitcher } from '@/app/TenantSwitcher'
import { Icon } from '@/components/Icon'

const LINE =
  'flex min-h-8 items-center rounded-md px-2 text-muted hover:bg-sunken hover:text-ink aria-[current=page]:bg-accent-soft aria-[current=page]:font-medium aria-[current=page]:text-ink'

/** The entries of the tenant of the path, by section; those of all tenants when there is none. */
export function Sidebar() {
  const { tenantId } = useParams({ strict: false }) as { tenantId?: string }
  const entries = useEntries(tenantId)
  return (
    <div className="flex min-h-full flex-col gap-4 p-3">
      <TenantSwitcher />
      <PaletteButton />
      <nav aria-label="Pages" className="flex flex-1 flex-col gap-4">
        <ul>
          <Line to="/dashboard" label="Overview" exact />
          <Line to="/dashboard/tenants" label="Tenants" exact />
        </ul>
        {tenantId !== undefined &&
          SECTIONS.map((section) => (
            <Part key={section} section={section} entries={entries.filter((entry) => entry.section === section)} tenantId={tenantId} />
          ))}
      </nav>
      <AccountMenu />
    </div>
  )
}

const isMac = navigator.userAgent.includes('Mac')

function PaletteButton() {
  return (
    <button
      type="button"
      onClick={() => showPalette('all')}
      className="flex h-8 items-center gap-2 rounded-md border border-line bg-surface px-2 text-muted hover:text-ink"
    >
      <Icon name="search" />
      <span className="flex-1 text-left">Go to…</span>
      <kbd className="font-sans text-xs">{isMac ? '⌘K' : 'Ctrl K'}</kbd>
    </button>
  )
}

function Part({ section, entries, tenantId }: { section: NavEntry['section']; entries: NavEntry[]; tenantId: string }) {
  if (entries.length === 0) return null
  return (
    <div>
      {section !== 'Tenant' && <h2 className="px-2 pb-1 text-xs font-medium text-muted">{section}</h2>}
      <ul>
        {entries.map(({ to, label }) => (
          <Line key={to} to={to} label={label} tenantId={tenantId} exact={section === 'Tenant'} />
        ))}
      </ul>
    </div>
  )
}

function Line({
  to,
  label,
  tenantId,
  exact = false,
}: {
  to: string
  label: string
  tenantId?: string
  exact?: boolean
}) {
  return (
    <li>
      <Link to={to} params={{ tenantId } as never} activeOptions={{ exact, includeSearch: false }} className={LINE}>
        {label}
      </Link>
    </li>
  )
}
