import { useNavigate } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { Bars } from '@/components/Bars'
import { Intervals } from '@/components/Intervals'
import { Tabs } from '@/components/Tabs'
import { number, percent } from '@/components/format'
import type { ContextReport, ModelVersion } from '@/features/models/api'
import { modelsRoute } from '@/features/models/routes'
import { begun, contextLabel, CONTEXTS, METRICS, strategyLabel } from '@/features/models/words'

const figure = (value: number): string => number(value, { minimumFractionDigits: 3, maximumFractionDigits: 3 })
const difference = (value: number): string => number(value, { minimumFractionDigits: 3, maximumFractionDigits: 3, signDisplay: 'exceptZero' })

/** What each context learned; the one that is seen stands in the address. */
export function Backtest({ version }: { version: ModelVersion }) {
  const { context } = modelsRoute.useSearch()
  const navigate = useNavigate()
  const select = (next: string) =>
    void navigate({ to: '.', search: ((old: object) => ({ ...old, context: next })) as never, replace: true, resetScroll: false })
  const tabs = version.contexts.map((report) => ({
    id: report.context,
    label: contextLabel(report.context),
    content: <Report report={report} />,
  }))
  return <Tabs label="Where lists are made" tabs={tabs} selected={context ?? tabs[0]?.id ?? ''} onSelect={select} />
}

function Report({ report }: { report: ContextReport }) {
  return (
    <div className="flex flex-col gap-6">
      <div className="max-w-prose">
        <p className="text-lg">{report.summary}</p>
        <p className="pt-1 text-muted">{CONTEXTS[report.context]?.hint}</p>
      </div>
      <div className="grid gap-x-10 gap-y-6 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
        <Part title="What counts" note="Of all that speaks for the products at the head of lists, the share of each source.">
          <Bars
            label="Shares of the sources"
            bars={report.weights.map((weight) => ({ id: weight.source, label: begun(weight.label), value: weight.share }))}
            format={(value) => percent(value, 0)}
            most={1}
          />
        </Part>
        <Figures report={report} />
      </div>
      {report.sources.some((source) => source.ahead !== undefined) && <Ahead report={report} />}
    </div>
  )
}

function Figures({ report }: { report: ContextReport }) {
  if (report.strategies.length === 0) {
    return (
      <Part title="How well it did" note={`Only ${number(report.cases)} moments could be held back here, and 60 are needed.`}>
        <p className="text-muted">Figures come with more orders and visits.</p>
      </Part>
    )
  }
  return (
    <Part title="How well it did" note={`${METRICS[report.metric] ?? report.metric} Over ${number(report.cases)} held-back moments, with 95% intervals.`}>
      <Intervals
        label="Figures of the strategies"
        rows={report.strategies.map((strategy) => ({
          ...strategy,
          label: strategyLabel(strategy.strategy),
          tone: strategy.strategy === 'auto' ? 'good' : 'neutral',
        }))}
        format={figure}
      />
      <p className="pt-2 text-sm text-muted">{chosen(report)}</p>
    </Part>
  )
}

function Ahead({ report }: { report: ContextReport }) {
  const rows = report.sources.flatMap(({ source, label, ahead }) =>
    ahead === undefined
      ? []
      : [{ ...ahead, id: source, label: begun(label), tone: ahead.low > 0 ? ('good' as const) : ahead.high < 0 ? ('bad' as const) : ('neutral' as const) }],
  )
  return (
    <Part
      title="Ahead of each source alone"
      note="How much better Auto did than one source by itself, on the same moments. Where the interval lies right of the line, it is better for certain."
    >
      <Intervals label="Auto ahead of each source" rows={rows} format={difference} reference={0} />
    </Part>
  )
}

function Part({ title, note, children }: { title: string; note: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <h3 className="font-semibold">{title}</h3>
      <p className="max-w-prose pb-3 text-sm text-muted">{note}</p>
      {children}
    </div>
  )
}

function chosen(report: ContextReport): string {
  const auto = report.strategies.find((strategy) => strategy.strategy === 'auto')
  if (report.chosen !== 'blend') return `Auto is one source here, which did best: ${auto?.label ?? report.chosen}.`
  const centre = report.shrunkTo === 'prior' ? 'what works in most shops' : 'the three best sources'
  return `Auto weighs all evidence together. Its weights were drawn to ${centre}, with strength ${number(report.shrinkage)}.`
}
