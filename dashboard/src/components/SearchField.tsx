import { useEffect, useId, useRef, useState } from 'react'
import { Icon } from '@/components/Icon'

interface Props {
  label: string
  value: string
  /** Told once the typing has paused, or at once by Enter. */
  onChange: (value: string) => void
  placeholder?: string
  className?: string
}

const PAUSE_MS = 250

export function SearchField({ label, value, onChange, placeholder = label, className = '' }: Props) {
  const id = useId()
  const [typed, setTyped] = useState(value)
  const pending = useRef<number | undefined>(undefined)
  const told = useRef(value)
  useEffect(() => {
    if (value !== told.current) setTyped(value) // changed from outside, such as by the back button
    told.current = value
  }, [value])
  useEffect(() => () => clearTimeout(pending.current), [])
  const tell = (next: string, afterMs: number) => {
    setTyped(next)
    clearTimeout(pending.current)
    pending.current = window.setTimeout(() => {
      told.current = next.trim()
      onChange(told.current)
    }, afterMs)
  }
  return (
    <div className={`relative min-w-0 ${className}`}>
      <label htmlFor={id} className="sr-only">
        {label}
      </label>
      <Icon name="search" className="pointer-events-none absolute top-2.5 left-3 text-muted" />
      <input
        id={id}
        type="search"
        value={typed}
        placeholder={placeholder}
        onChange={(event) => tell(event.target.value, PAUSE_MS)}
        onKeyDown={(event) => event.key === 'Enter' && tell(typed, 0)}
        className="field pl-9"
      />
    </div>
  )
}
