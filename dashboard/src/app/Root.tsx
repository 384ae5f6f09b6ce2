import { Outlet } from '@tanstack/react-router'
import { Announcer } from '@/app/Announcer'
import { Toasts } from '@/components/toast'

/** Around every page: what announces, and what pops up. */
export function Root() {
  return (
    <>
      <Announcer />
      <Outlet />
      <Toasts />
    </>
  )
}
