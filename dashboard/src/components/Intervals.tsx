export interface Interval {
  label: string
  low: number
  /** The estimate. */
  value: number
  high: number
  tone?: 'neutral' | 'good' | 'bad'
}

interface Props {
  label: string
  rows: readonly Interval[]
  format: (value: number) => string
  /** A line to compare with, such as no difference at all. */
  reference?: number
}

const COLOURS = { neutral: 'text-accent', good: 'text-good', bad: 'text-bad' }
const SCALE = 1000

/** Estimates with what they may be off by: a dot on a line from low to high, and the numbers beside it. */
export function Intervals({ label, rows, format, reference }: Props) {
  const ends = rows.flatMap((row) => [row.low, row.high]).concat(reference ?? [])
  const least = Math.min(...ends)
  const span = Math.max(...ends) - least || 1
  const x = (value: number) => 20 + ((value - least) / span) * (SCALE - 40)
  return (
    <ul aria-label={label} className="flex flex-col">
      {rows.map((row) => (
        <li
          key={row.label}
          className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-1 border-t border-line py-2 md:grid-cols-[12rem_minmax(0,1fr)_13rem]"
        >
          <span className="min-w-0 break-words">{row.label}</span>
          <svg
            viewBox={`0 0 ${SCALE} 24`}
            preserveAspectRatio="none"
            aria-hidden="true"
            className={`col-span-2 row-start-2 h-6 w-full md:col-span-1 md:row-start-auto ${COLOURS[row.tone ?? 'neutral']}`}
          >
            {reference !== undefined && (
              <line
                x1={x(reference)}
                x2={x(reference)}
                y1="0"
                y2="24"
                className="stroke-line-strong"
                vectorEffect="non-scaling-stroke"
                strokeDasharray="3 3"
              />
            )}
            <Stroke from={x(row.low)} to={x(row.high)} />
            <Stroke from={x(row.low)} half={5} />
            <Stroke from={x(row.high)} half={5} />
            <Stroke from={x(row.value)} width={9} strokeLinecap="round" />
          </svg>
          <span className="text-right text-sm whitespace-nowrap">
            {format(row.value)}{' '}
            <span className="text-muted">
              {format(row.low)} to {format(row.high)}
            </span>
          </span>
        </li>
      ))}
    </ul>
  )
}

interface StrokeProps {
  from: number
  to?: number
  /** How far it reaches up and down from the middle. */
  half?: number
  width?: number
  strokeLinecap?: 'round'
}

function Stroke({ from, to = from, half = 0, width = 2, strokeLinecap }: StrokeProps) {
  return (
    <line
      x1={from}
      x2={to}
      y1={12 - half}
      y2={12 + half}
      stroke="currentColor"
      strokeWidth={width}
      strokeLinecap={strokeLinecap}
      vectorEffect="non-scaling-stroke"
    />
  )
}
