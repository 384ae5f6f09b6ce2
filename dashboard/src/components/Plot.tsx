import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { onThemeChange } from '@/app/theme'
import type { LineChartProps } from '@/components/LineChart'

type Props = LineChartProps & { height: number }

/** The picture of a LineChart. A canvas knows no CSS variables, so it is drawn anew when the theme changes. */
export default function Plot(props: Props) {
  const place = useRef<HTMLDivElement>(null)
  const { times, series, band, height } = props
  useEffect(() => {
    const element = place.current
    if (element === null) return
    let plot = draw(element, props)
    const fit = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }))
    fit.observe(element)
    const stop = onThemeChange(() => {
      plot.destroy()
      plot = draw(element, props)
    })
    return () => {
      fit.disconnect()
      stop()
      plot.destroy()
    }
    // eslint-disable-next-line -- formats are new functions at each render, what they write is not
  }, [times, series, band, height])
  return <div ref={place} aria-hidden="true" className="min-w-0 overflow-hidden text-sm" />
}

function draw(element: HTMLElement, { times, series, band, format, formatTime, height }: Props): uPlot {
  const colour = colours(element)
  const axis = { stroke: colour('--muted'), grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false } }
  const font = `12px ${getComputedStyle(element).fontFamily}`
  const lines = series.map((one, index): uPlot.Series => {
    const stroke = colour(one.isBefore ? '--series-5' : `--series-${(index % 5) + 1}`)
    return {
      label: one.label,
      stroke,
      width: one.isBefore ? 1 : 2,
      dash: one.isBefore ? [4, 4] : undefined,
      points: { show: times.length === 1, size: 6 },
      value: (_plot, value: number | null) => format(value),
    }
  })
  const options: uPlot.Options = {
    width: element.clientWidth,
    height,
    padding: [8, 8, 0, 0],
    cursor: { points: { size: 6 } },
    legend: { live: true },
    series: [
      { label: 'Time', value: (_plot, _raw, _series, index) => (index === null ? '' : formatTime(times[index] ?? '')) },
      ...lines,
    ],
    axes: [
      { ...axis, font, grid: { show: false } },
      { ...axis, font, size: widest(font), values: (_plot, splits) => splits.map((split) => format(split)) },
    ],
    bands: band === undefined ? [] : [{ series: [band[1] + 1, band[0] + 1], fill: colour('--accent-soft') }],
    scales: { y: { range: (_plot, low, high) => uPlot.rangeNum(Math.min(0, low ?? 0), high || 1, 0.1, true) } },
  }
  const seconds = times.map((time) => new Date(time).getTime() / 1000)
  return new uPlot(options, [seconds, ...series.map((one) => [...one.values])] as uPlot.AlignedData, element)
}

/** As wide as the longest label of the axis. */
function widest(font: string): (plot: uPlot, labels: string[] | null) => number {
  return (plot, labels) => {
    plot.ctx.save()
    plot.ctx.font = font
    const widths = (labels ?? []).map((label) => plot.ctx.measureText(label).width)
    plot.ctx.restore()
    return Math.ceil(Math.max(32, ...widths)) + 12
  }
}

/** Of the variables, which only an element of the page resolves to the theme that is painted. */
function colours(element: HTMLElement): (name: string) => string {
  return (name) => {
    const probe = document.createElement('span')
    probe.style.color = `var(${name})`
    element.append(probe)
    const found = getComputedStyle(probe).color
    probe.remove()
    return found
  }
}
