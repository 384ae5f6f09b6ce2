import type { components } from '@/api/schema'
import type { Tone } from '@/components/Badge'
import { money, number, percent } from '@/components/format'

type Schemas = components['schemas']
export type Experiment = Schemas['Experiment']
export type ExperimentIn = Schemas['ExperimentIn']
/** As the client gives an answer: what is a pair in the schema is a list there. */
type Read<Given> = Given extends readonly [number, number] ? number[] : Given extends object ? { [Name in keyof Given]: Read<Given[Name]> } : Given
export type Results = Read<Schemas['Results']>
export type Status = Experiment['status']
export type Strategy = ExperimentIn['controlStrategy']
export type Step = 'start' | 'pause' | 'resume' | 'complete'

export const STATUSES: Record<Status, { label: string; tone: Tone }> = {
  draft: { label: 'Draft', tone: 'neutral' },
  running: { label: 'Running', tone: 'good' },
  paused: { label: 'Paused', tone: 'warn' },
  completed: { label: 'Completed', tone: 'info' },
}

export const STRATEGIES: Record<Strategy, string> = {
  auto: 'Auto (learned)',
  collaborative: 'Collaborative',
  content_based: 'Content based',
  trending: 'Trending',
  frequently_bought_together: 'Bought together',
  recently_viewed: 'Recently viewed',
  buy_again: 'Buy again',
  new_arrivals: 'New arrivals',
  popular: 'Popular',
}

export const METRICS: Record<Experiment['metric'], string> = {
  ctr: 'Click-through rate',
  conversion_rate: 'Conversion rate',
  revenue_per_user: 'Revenue per shopper',
}

export const KINDS: Record<Experiment['kind'], string> = {
  ab: 'A/B: each shopper sees one strategy',
  interleaving: 'Interleaving: each list holds picks of both',
}

export const strategyName = (strategy: string): string => STRATEGIES[strategy as Strategy] ?? strategy

export const options = (words: Record<string, string>) => Object.entries(words).map(([value, label]) => ({ value, label }))

/** What is measured, as the experiment's results give it. */
export const measured = ({ kind, metric }: Pick<Experiment, 'kind' | 'metric'>): string =>
  kind === 'interleaving' ? 'Share of shoppers who prefer it' : METRICS[metric]

/** A value of the metric; in the currency that a shop has until it says another. */
export function valueOf(of: Pick<Experiment, 'kind' | 'metric'>, value: number | null | undefined, currency = 'USD'): string {
  return of.kind === 'ab' && of.metric === 'revenue_per_user' ? money(value, currency) : percent(value, 2)
}

/** A difference: percentage points, or money. */
export function liftOf(of: Pick<Experiment, 'kind' | 'metric'>, value: number | null | undefined, currency = 'USD'): string {
  if (of.kind === 'ab' && of.metric === 'revenue_per_user') {
    return number(value, { style: 'currency', currency, signDisplay: 'exceptZero' })
  }
  return value === null || value === undefined ? number(null) : `${number(value * 100, { signDisplay: 'exceptZero', maximumFractionDigits: 2 })} pp`
}

/** What to do, in a few words; the results' own sentence says why. */
export function verdict({ status, decision }: Pick<Results, 'status' | 'decision'>): { text: string; tone: Tone } {
  if (decision === 'invalid') return { text: 'Stop: these figures cannot be used', tone: 'bad' }
  if (decision === 'variant') return { text: 'Ship the variant', tone: 'good' }
  if (decision === 'control') return { text: 'Stop, and keep control', tone: 'warn' }
  return status === 'completed' ? { text: 'No winner', tone: 'neutral' } : { text: 'Keep running', tone: 'info' }
}
