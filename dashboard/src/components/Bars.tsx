import type { ReactNode } from 'react'

export interface Bar {
  label: ReactNode
  /** For the key, where the label is no text. */
  id?: string
  value: number
  /** Behind the number, such as a share. */
  note?: ReactNode
}

interface Props {
  label: string
  bars: readonly Bar[]
  format: (value: number) => string
  /** The value of a full bar; without it the largest of them. */
  most?: number
}

/** Amounts side by side, largest as the caller has them. */
export function Bars({ label, bars, format, most }: Props) {
  const full = most ?? Math.max(...bars.map((bar) => bar.value), 0)
  return (
    <ul aria-label={label} className="flex flex-col gap-2">
      {bars.map((bar, index) => (
        <li
          key={bar.id ?? (typeof bar.label === 'string' ? bar.label : index)}
          className="grid grid-cols-[minmax(0,1fr)_auto] gap-x-3"
        >
          <span className="min-w-0 break-words">{bar.label}</span>
          <span className="text-right whitespace-nowrap">
            {format(bar.value)} {bar.note !== undefined && <span className="text-muted">{bar.note}</span>}
          </span>
          <svg
            viewBox="0 0 100 4"
            preserveAspectRatio="none"
            aria-hidden="true"
            className="col-span-2 mt-0.5 h-1.5 w-full"
          >
            <rect width="100" height="4" className="fill-sunken" />
            <rect width={full > 0 ? Math.max(0, (bar.value / full) * 100) : 0} height="4" className="fill-accent" />
          </svg>
        </li>
      ))}
    </ul>
  )
}
