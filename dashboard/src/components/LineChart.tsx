import { lazy, Suspense, type ReactNode } from 'react'

export interface Series {
  label: string
  values: readonly (number | null)[]
  /** Drawn behind the others and broken, such as the period before. */
  isBefore?: boolean
}

export interface LineChartProps {
  /** What it shows, in a few words. */
  label: string
  /** The moments below, as ISO texts: days, hours. */
  times: readonly string[]
  series: readonly Series[]
  /** How values are written, on the axis and in the table. */
  format: (value: number | null) => string
  /** How moments are written in the table and the legend. */
  formatTime: (time: string) => string
  /** A range between two of the series, by their places in it. */
  band?: readonly [number, number]
  height?: number
  empty?: ReactNode
}

const Plot = lazy(() => import('@/components/Plot'))

/** Values over time, with the same as a table for whoever does not see the picture. */
export function LineChart(props: LineChartProps) {
  const { label, times, series, format, formatTime, height = 240, empty = 'Nothing in this period.' } = props
  if (times.length === 0) return <p className="py-6 text-muted">{empty}</p>
  return (
    <figure className="min-w-0" aria-label={label}>
      <Suspense fallback={<div className="skeleton" style={{ height: height + 28 }} />}>
        <Plot {...props} height={height} />
      </Suspense>
      <details className="pt-1 text-sm text-muted">
        <summary>As a table</summary>
        <div className="max-h-80 overflow-auto" tabIndex={0} role="region" aria-label={`${label}, as a table`}>
          <table className="w-full text-left">
            <thead>
              <tr>
                <th scope="col" className="py-1 pr-3 font-medium">
                  Time
                </th>
                {series.map((one) => (
                  <th key={one.label} scope="col" className="px-2 py-1 text-right font-medium">
                    {one.label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {times.map((time, index) => (
                <tr key={time} className="border-t border-line">
                  <th scope="row" className="py-1 pr-3 font-normal whitespace-nowrap">
                    {formatTime(time)}
                  </th>
                  {series.map((one) => (
                    <td key={one.label} className="px-2 py-1 text-right">
                      {format(one.values[index] ?? null)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  )
}
