import { useSyncExternalStore } from 'react'
import { onSession, sessionState, type Admin, type State } from '@/api/session'

export const useSession = (): State => useSyncExternalStore(onSession, sessionState)

/** Who is signed in; for pages of the dashboard, which have somebody. */
export function useAdmin(): Admin | null {
  const session = useSession()
  return 'admin' in session ? session.admin : null
}
