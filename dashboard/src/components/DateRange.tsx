import { useNavigate, useSearch } from '@tanstack/react-router'
import { useId } from 'react'
import { SelectField, SwitchField } from '@/components/ChoiceFields'

const DAY_MS = 86_400_000
const PRESETS = [
  { value: '7', label: 'Last 7 days' },
  { value: '30', label: 'Last 30 days' },
  { value: '90', label: 'Last 90 days' },
  { value: '365', label: 'Last 12 months' },
]
const DEFAULT_DAYS = 30

/** Days of the shop's zone, both counted in; as the API's `from` and `to` take them. */
export interface Period {
  from: string
  to: string
}

/** Swedish writes days as ISO 8601 does. */
const todayIn = (zone?: string): string => new Intl.DateTimeFormat('sv-SE', { timeZone: zone }).format(new Date())
const daysBefore = (day: string, days: number): string =>
  new Date(Date.parse(day) - days * DAY_MS).toISOString().slice(0, 10)

/**
 * The period of the page's address: `?days=30` up to today, or `?from=…&to=…`; the last 30 days where it has none.
 * validateSearch: `{ days: number, from: day, to: day, compare: flag }`. zone: where today is; the browser's without one.
 */
export function usePeriod(zone?: string): Period & { days: number; compare: boolean; before: Period } {
  const search = useSearch({ strict: false }) as { days?: number; from?: string; to?: string; compare?: boolean }
  const to = search.to ?? todayIn(zone)
  const from = search.from ?? daysBefore(to, (search.days ?? DEFAULT_DAYS) - 1)
  const days = Math.max(1, Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS) + 1)
  const before = { from: daysBefore(from, days), to: daysBefore(from, 1) }
  return { from, to, days, compare: search.compare ?? true, before }
}

/** Chooses the period that `usePeriod` reads, and whether it is compared with the one before. */
export function DateRange({ zone, hasCompare = true }: { zone?: string; hasCompare?: boolean }) {
  const { from, to, compare } = usePeriod(zone)
  const search = useSearch({ strict: false }) as { days?: number; from?: string; to?: string }
  const navigate = useNavigate()
  const isOwn = search.from !== undefined || search.to !== undefined
  const set = (next: Record<string, unknown>) =>
    void navigate({
      to: '.',
      search: ((before: object) => ({ ...before, ...next })) as never,
      replace: true,
      resetScroll: false,
    })
  return (
    <div className="flex flex-wrap items-end gap-3">
      <SelectField
        label="Period"
        hideLabel
        value={isOwn ? 'own' : String(search.days ?? DEFAULT_DAYS)}
        options={[...PRESETS, { value: 'own', label: 'Own period' }]}
        onChange={(value) =>
          set(value === 'own' ? { days: undefined, from, to } : { days: Number(value), from: undefined, to: undefined })
        }
        className="w-40"
      />
      {isOwn && (
        <>
          <DayField label="From" value={from} most={to} onChange={(value) => set({ from: value, to })} />
          <DayField
            label="To"
            value={to}
            least={from}
            most={todayIn(zone)}
            onChange={(value) => set({ from, to: value })}
          />
        </>
      )}
      {hasCompare && (
        <div className="flex h-9 items-center">
          <SwitchField label="Compare" value={compare} onChange={(value) => set({ compare: value })} />
        </div>
      )}
    </div>
  )
}

interface DayProps {
  label: string
  value: string
  least?: string
  most?: string
  onChange: (day: string) => void
}

function DayField({ label, value, least, most, onChange }: DayProps) {
  const id = useId()
  return (
    <div className="flex items-center gap-1.5">
      <label htmlFor={id} className="text-sm text-muted">
        {label}
      </label>
      <input
        id={id}
        type="date"
        value={value}
        min={least}
        max={most}
        onChange={(event) => event.target.value !== '' && onChange(event.target.value)}
        className="field w-auto"
      />
    </div>
  )
}
