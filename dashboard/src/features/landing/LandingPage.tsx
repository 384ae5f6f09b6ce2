import { CLAIMS, FIGURES } from '@/features/landing/words'

const LINK = 'text-accent underline underline-offset-2 hover:text-accent-strong'
const BUTTON = 'inline-flex h-10 items-center rounded-md px-4 font-medium'

/** What anybody sees first. Written into landing.html at build time; `live.ts` is all the script it has. */
export function LandingPage() {
  return (
    <div className="mx-auto max-w-5xl px-4 md:px-8">
      <header className="flex flex-wrap items-center justify-between gap-x-6 gap-y-2 py-4">
        <span className="text-lg font-semibold">RecomEngine</span>
        <nav aria-label="Site" className="flex items-center gap-5">
          <a href="/docs" className="hover:underline">
            API reference
          </a>
          <a href="/login" className="hover:underline">
            Sign in
          </a>
        </nav>
      </header>
      <main>
        <section className="max-w-3xl pt-12 pb-14 md:pt-20">
          <h1 className="text-3xl leading-tight font-semibold tracking-tight text-balance md:text-4xl">
            Product recommendations for online shops
          </h1>
          <p className="pt-4 text-lg text-muted">
            A shop sends its catalog and what its shoppers do. It asks for a list and gets ranked products, each with
            the evidence behind it. How much each kind of evidence counts is learned from the shop’s own events, and
            checked on events held back.
          </p>
          <div className="flex flex-wrap gap-3 pt-6">
            <a href="/signup" className={`${BUTTON} bg-accent text-accent-ink hover:bg-accent-strong`}>
              Make an account
            </a>
            <a href="/shop" data-with-shop className={`${BUTTON} border border-line-strong bg-surface hover:bg-sunken`}>
              Walk through the sample shop
            </a>
          </div>
        </section>
        <Live />
        <section aria-labelledby="what" className="border-t border-line py-10">
          <h2 id="what" className="pb-5 text-xl font-semibold">
            What it does
          </h2>
          <ul className="grid gap-x-10 gap-y-6 md:grid-cols-2">
            {CLAIMS.map(({ title, body }) => (
              <li key={title}>
                <h3 className="font-semibold">{title}</h3>
                <p className="pt-1 text-muted">{body}</p>
              </li>
            ))}
          </ul>
        </section>
        <Measured />
        <Start />
      </main>
      <footer className="flex flex-wrap gap-x-6 gap-y-2 border-t border-line py-6 text-muted">
        <a href="/docs" className="hover:underline">
          API reference
        </a>
        <a href="/docs/problems" className="hover:underline">
          What each error means
        </a>
        <a href="/openapi.json" className="hover:underline">
          openapi.json
        </a>
      </footer>
    </div>
  )
}

/** Filled by live.ts with the sample shop's own answers, where this system has one; else the style sheet hides it. */
function Live() {
  return (
    <section id="live" data-with-shop data-key="" aria-labelledby="live-title" className="border-t border-line py-10">
      <h2 id="live-title" className="text-xl font-semibold">
        Live on the sample shop
      </h2>
      <p className="max-w-2xl pt-1 text-muted">
        Choose a product. Its lists are asked of this server at that moment, with the key that any page of a shop may
        hold.
      </p>
      <div id="live-choices" role="group" aria-label="Products" className="flex min-h-28 gap-3 overflow-x-auto py-4" />
      <div id="live-lists" aria-live="polite" className="min-h-72" />
    </section>
  )
}

function Measured() {
  return (
    <section aria-labelledby="measured" className="border-t border-line py-10">
      <h2 id="measured" className="text-xl font-semibold">
        Measured
      </h2>
      <p className="max-w-2xl pt-1 pb-5 text-muted">
        On two cores with PostgreSQL’s fsync, by benchmarks in the repository that anybody can run again.
      </p>
      <dl className="grid gap-x-10 gap-y-5 md:grid-cols-3">
        {FIGURES.map(({ value, about }) => (
          <div key={value} className="border-t border-line pt-2">
            <dd className="text-2xl font-semibold">{value}</dd>
            <dt className="text-muted">{about}</dt>
          </div>
        ))}
      </dl>
    </section>
  )
}

function Start() {
  return (
    <section aria-labelledby="start" className="border-t border-line py-10">
      <h2 id="start" className="text-xl font-semibold">
        How to start
      </h2>
      <p className="max-w-2xl pt-1 pb-4 text-muted">
        It takes Python 3.11, <code className="font-mono">make</code> and a C compiler; no Docker, no PostgreSQL, no
        Redis.
      </p>
      <pre
        tabIndex={0}
        aria-label="The two commands"
        role="region"
        className="overflow-x-auto rounded-md border border-line bg-surface p-4 font-mono text-sm leading-6"
      >
        <code>
          {'# a sample shop with its traffic\nmake demo\n\n'}
          {'# the same system, empty, for your own shop\n.venv/bin/recomengine up'}
        </code>
      </pre>
      <p className="max-w-2xl pt-4 text-muted">
        Then{' '}
        <a href="/signup" className={LINK}>
          make an account
        </a>
        , add your shop, and paste one line into its pages; or send events from your servers by the{' '}
        <a href="/docs" className={LINK}>
          API
        </a>
        .
      </p>
    </section>
  )
}
