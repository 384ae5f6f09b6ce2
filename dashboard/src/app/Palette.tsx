import { useQuery } from '@tanstack/react-query'
import { useParams, useRouter } from '@tanstack/react-router'
import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent } from 'react'
import { useEntries } from '@/app/entries'
import type { Scope } from '@/app/palette'
import { setTheme } from '@/app/theme'
import { useSignOut } from '@/app/AccountMenu'
import { Dialog } from '@/components/Dialog'
import { tenantsQuery } from '@/features/tenants/api'

interface Command {
  id: string
  label: string
  /** What kind of thing it is, in grey behind it. */
  kind: string
  run: () => void
}

const MOST = 50

/** Pages, tenants and what can be done anywhere, found by typing a part of their name. */
export default function Palette({ scope, onClose }: { scope: Scope; onClose: () => void }) {
  return (
    <Dialog title={scope === 'tenants' ? 'Switch the tenant' : 'Go to'} isOpen onClose={onClose} size="medium">
      <Finder scope={scope} onClose={onClose} />
    </Dialog>
  )
}

function Finder({ scope, onClose }: { scope: Scope; onClose: () => void }) {
  const id = useId()
  const list = useRef<HTMLUListElement>(null)
  const [typed, setTyped] = useState('')
  const [at, setAt] = useState(0)
  const commands = useCommands(scope)
  const found = useMemo(() => matching(commands, typed), [commands, typed])
  const current = found[Math.min(at, found.length - 1)]
  useEffect(() => {
    list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' })
  }, [current])
  const run = (command: Command) => {
    onClose()
    command.run()
  }
  const pressed = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (step !== 0 && found.length > 0) {
      event.preventDefault()
      setAt((Math.min(at, found.length - 1) + step + found.length) % found.length)
    } else if (event.key === 'Enter' && current !== undefined) {
      event.preventDefault()
      run(current)
    }
  }
  return (
    <>
      <input
        role="combobox"
        aria-expanded
        aria-controls={`${id}-list`}
        aria-activedescendant={current && `${id}-${current.id}`}
        aria-label={scope === 'tenants' ? 'Find a tenant' : 'Find a page, a tenant or an action'}
        placeholder="Type to find"
        autoFocus
        autoComplete="off"
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value)
          setAt(0)
        }}
        onKeyDown={pressed}
        className="field"
      />
      <ul ref={list} id={`${id}-list`} role="listbox" aria-label="Found" className="-mx-2 max-h-[50vh] overflow-y-auto">
        {found.map((command) => (
          <li
            key={command.id}
            id={`${id}-${command.id}`}
            role="option"
            aria-selected={command === current}
            onClick={() => run(command)}
            onMouseMove={() => setAt(found.indexOf(command))}
            className="flex cursor-pointer justify-between gap-3 rounded-md px-2 py-1.5 aria-selected:bg-accent-soft"
          >
            <span className="min-w-0 truncate">{command.label}</span>
            <span className="shrink-0 text-muted">{command.kind}</span>
          </li>
        ))}
      </ul>
      <p role="status" className={found.length === 0 ? 'text-muted' : 'sr-only'}>
        {found.length === 0 ? 'Nothing found' : `${found.length} found`}
      </p>
    </>
  )
}

/** Those that have all words, where a word begins first. */
function matching(commands: Command[], typed: string): Command[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean)
  const has = (command: Command) =>
    words.every((word) => `${command.label} ${command.kind}`.toLowerCase().includes(word))
  const begins = (command: Command) =>
    words[0] !== undefined && command.label.toLowerCase().startsWith(words[0]) ? 0 : 1
  return commands
    .filter(has)
    .sort((a, b) => begins(a) - begins(b))
    .slice(0, MOST)
}

function useCommands(scope: Scope): Command[] {
  const router = useRouter()
  const { mutate: leave } = useSignOut()
  const { tenantId } = useParams({ strict: false }) as { tenantId?: string }
  const { data: tenants = [] } = useQuery(tenantsQuery)
  const entries = useEntries(tenantId)
  return useMemo(() => {
    const go = (to: string) => () => void router.navigate({ to })
    const ofTenants = tenants
      .filter((tenant) => tenant.id !== tenantId)
      .map((tenant) => ({
        id: tenant.id,
        label: tenant.name,
        kind: 'Tenant',
        run: go(`/dashboard/tenants/${tenant.id}`),
      }))
    if (scope === 'tenants') return ofTenants
    const pages = entries.map(({ label, section, to }) => ({
      id: to,
      label,
      kind: section,
      run: go(to.replace('$tenantId', tenantId ?? '')),
    }))
    const ofAll = [
      { id: 'overview', label: 'Overview', kind: 'All tenants', run: go('/dashboard') },
      { id: 'tenants', label: 'Tenants', kind: 'All tenants', run: go('/dashboard/tenants') },
      { id: 'account', label: 'Account settings', kind: 'Account', run: go('/dashboard/settings') },
      { id: 'reference', label: 'API reference', kind: 'Documents', run: () => location.assign('/docs') },
    ]
    const themes = (['light', 'dark', 'system'] as const).map((theme) => ({
      id: theme,
      label: theme === 'system' ? 'Theme as the system' : `${theme === 'light' ? 'Light' : 'Dark'} theme`,
      kind: 'Theme',
      run: () => setTheme(theme),
    }))
    return [
      ...pages,
      ...ofAll,
      ...ofTenants,
      ...themes,
      { id: 'out', label: 'Sign out', kind: 'Account', run: () => leave() },
    ]
  }, [router, leave, tenantId, tenants, scope])
}
