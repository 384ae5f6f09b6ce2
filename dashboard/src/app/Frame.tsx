import { QueryClientProvider } from '@tanstack/react-query'
import { Outlet, useNavigate, useRouterState } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useRef } from 'react'
import { PaletteHost } from '@/app/PaletteHost'
import { queries } from '@/app/queries'
import { Sidebar } from '@/app/Sidebar'
import { useSession } from '@/app/useSession'
import { Icon } from '@/components/Icon'

const SignInAgain = lazy(() => import('@/features/entry/SignInAgain'))

/** The dashboard around its pages: the sidebar, which is a drawer on a narrow screen. */
export function Frame() {
  const session = useSession()
  const drawer = useRef<HTMLDialogElement>(null)
  const path = useRouterState({ select: (state) => state.location.pathname })
  const navigate = useNavigate()
  useEffect(() => {
    drawer.current?.close()
  }, [path])
  useEffect(() => {
    if (session.is !== 'out') return
    queries.clear() // nothing of the account is left to whoever signs in next
    void navigate({ to: '/login' })
  }, [session.is, navigate])
  return (
    <QueryClientProvider client={queries}>
      <div className="min-h-dvh md:grid md:grid-cols-[15rem_minmax(0,1fr)]">
        <a
          href="#main"
          className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:bg-surface focus:p-2"
        >
          Skip to the content
        </a>
        <aside className="sticky top-0 hidden h-dvh overflow-y-auto border-r border-line bg-canvas md:block">
          <Sidebar />
        </aside>
        <header className="sticky top-0 z-20 flex h-12 items-center gap-2 border-b border-line bg-canvas px-2 md:hidden">
          <button
            type="button"
            aria-label="Open the menu"
            className="grid size-10 place-items-center rounded-md hover:bg-sunken"
            onClick={() => drawer.current?.showModal()}
          >
            <Icon name="menu" />
          </button>
          <span className="font-semibold">RecomEngine</span>
        </header>
        <dialog
          ref={drawer}
          aria-label="Menu"
          className="m-0 h-dvh max-h-none w-72 max-w-[85vw] border-r border-line bg-canvas text-ink backdrop:bg-black/40"
          onClick={(event) => event.target === drawer.current && drawer.current.close()}
        >
          <Sidebar />
        </dialog>
        <PaletteHost />
        <main id="main" tabIndex={-1} className="min-w-0 outline-none">
          <Outlet />
        </main>
      </div>
      {session.is === 'ended' && (
        <Suspense>
          <SignInAgain admin={session.admin} />
        </Suspense>
      )}
    </QueryClientProvider>
  )
}
