import { useId, useState, type ReactNode } from 'react'

/**
 * A few words about what it stands around, on hover and on focus. `children` is text; the words must not be needed to
 * understand the page, since fingers do not hover: they open it by a tap.
 */
export function Tooltip({ text, children }: { text: string; children: ReactNode }) {
  const id = useId()
  const [shown, setShown] = useState(false)
  return (
    <span className="relative inline-block" onMouseEnter={() => setShown(true)} onMouseLeave={() => setShown(false)}>
      <button
        type="button"
        aria-describedby={id}
        onFocus={() => setShown(true)}
        onBlur={() => setShown(false)}
        onClick={() => setShown(true)}
        onKeyDown={(event) => event.key === 'Escape' && setShown(false)}
        className="cursor-help underline decoration-dotted underline-offset-4"
      >
        {children}
      </button>
      <span
        id={id}
        role="tooltip"
        className={`absolute bottom-full left-0 z-30 mb-1 w-max max-w-56 rounded-md bg-ink px-2 py-1 text-sm font-normal whitespace-normal text-canvas ${shown ? '' : 'sr-only'}`}
      >
        {text}
      </span>
    </span>
  )
}
