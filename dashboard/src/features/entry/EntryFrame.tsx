import { useEffect, type ReactNode } from 'react'

/** The pages before the dashboard: a narrow column under the name, which leads to the landing page. */
export function EntryFrame({ title, intro, children }: { title: string; intro?: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · RecomEngine`
  }, [title])
  return (
    <main className="mx-auto flex min-h-dvh w-full max-w-sm flex-col gap-5 px-4 py-10 md:py-20">
      <a href="/" className="font-semibold">
        RecomEngine
      </a>
      <div>
        <h1 tabIndex={-1} className="text-xl font-semibold outline-none">
          {title}
        </h1>
        {intro !== undefined && <p className="pt-1 text-muted">{intro}</p>}
      </div>
      {children}
    </main>
  )
}

/** A link within a sentence. */
export const LINK = 'text-accent underline underline-offset-2 hover:text-accent-strong'
