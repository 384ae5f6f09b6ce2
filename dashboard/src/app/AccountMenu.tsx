import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { signOut } from '@/api/session'
import { setTheme, useTheme, type Theme } from '@/app/theme'
import { useAdmin } from '@/app/useSession'
import { Icon, type IconName } from '@/components/Icon'
import { toast } from '@/components/toast'

const THEMES: { theme: Theme; label: string; icon: IconName }[] = [
  { theme: 'light', label: 'Light', icon: 'sun' },
  { theme: 'dark', label: 'Dark', icon: 'moon' },
  { theme: 'system', label: 'As the system', icon: 'screen' },
]

/** The account at the foot of the sidebar: its settings, the theme, the way out. */
export function AccountMenu() {
  const admin = useAdmin()
  const leave = useSignOut()
  return (
    <div className="sticky bottom-0 -mx-3 -mb-3 flex flex-col gap-1 border-t border-line bg-canvas p-3">
      <Link
        to={'/dashboard/settings' as string}
        className="block rounded-md px-2 py-1 hover:bg-sunken aria-[current=page]:bg-accent-soft"
      >
        <span className="block truncate">{admin?.name || 'Account'}</span>
        <span className="block truncate text-xs text-muted">{admin?.email}</span>
      </Link>
      <div className="flex items-center justify-between">
        <ThemeToggle />
        <button
          type="button"
          onClick={() => leave.mutate()}
          className="flex h-8 items-center gap-1 rounded-md px-2 text-muted hover:bg-sunken hover:text-ink"
        >
          <Icon name="out" /> Sign out
        </button>
      </div>
    </div>
  )
}

/** Ends the session in every tab; the frame then leads to the page for signing in. */
export function useSignOut() {
  return useMutation({
    mutationFn: signOut,
    onError: (error) => toast({ title: `Not signed out. ${error.message}`, tone: 'bad' }),
  })
}

export function ThemeToggle() {
  const theme = useTheme()
  return (
    <div role="group" aria-label="Theme" className="flex">
      {THEMES.map((one) => (
        <button
          key={one.theme}
          type="button"
          aria-pressed={theme === one.theme}
          aria-label={one.label}
          title={one.label}
          onClick={() => setTheme(one.theme)}
          className="grid size-8 place-items-center rounded-md text-muted hover:text-ink aria-pressed:bg-sunken aria-pressed:text-ink"
        >
          <Icon name={one.icon} />
        </button>
      ))}
    </div>
  )
}
