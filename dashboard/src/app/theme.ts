import { useSyncExternalStore } from 'react'

export type Theme = 'light' | 'dark' | 'system'

const listeners = new Set<() => void>()
const dark = matchMedia('(prefers-color-scheme: dark)')
dark.addEventListener('change', tell)

function tell(): void {
  for (const listener of [...listeners]) listener()
}

const themeNow = (): Theme => (document.documentElement.dataset.theme as Theme | undefined) ?? 'system'

export function setTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
  try {
    if (theme === 'system') localStorage.removeItem('theme')
    else localStorage.setItem('theme', theme)
  } catch {
    // Storage is blocked: the choice lasts as long as the page.
  }
  tell()
}

/** What is painted: `light` or `dark`. Tells when it changes, by choice or by the system. */
export function onThemeChange(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const useTheme = (): Theme => useSyncExternalStore(onThemeChange, themeNow)
export const usePainted = (): 'light' | 'dark' =>
  useSyncExternalStore(onThemeChange, () =>
    themeNow() === 'system' ? (dark.matches ? 'dark' : 'light') : (themeNow() as 'light' | 'dark'),
  )
