/** Outlines of 16 px in the colour of the text. They say nothing to a screen reader: a label stands beside them. */
const PATHS = {
  menu: 'M2 4h12M2 8h12M2 12h12',
  search: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10Zm3.5-1.5L14 14',
  switch: 'm5 6 3-3 3 3M5 10l3 3 3-3',
  sun: 'M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1',
  moon: 'M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7Z',
  screen: 'M2 3h12v8H2zM5.5 14h5M8 11v3',
  out: 'M6 2H3v12h3M10 5l3 3-3 3M13 8H6',
  close: 'm4 4 8 8M12 4l-8 8',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  check: 'm3 8.5 3.5 3.5L13 4.5',
  more: 'M3 8h.01M8 8h.01M13 8h.01',
  up: 'm4 9 4-4 4 4',
  down: 'm4 7 4 4 4-4',
  right: 'm6 4 4 4-4 4',
  plus: 'M8 3v10M3 8h10',
  alert: 'M8 2 1.5 13.5h13L8 2ZM8 6.5V10M8 12h.01',
  file: 'M4 1.5h5l3.5 3.5v9.5H4zM9 1.5V5h3.5',
  download: 'M8 2v8M5 7.5 8 10.5l3-3M3 13.5h10',
} as const

export type IconName = keyof typeof PATHS

export function Icon({ name, className = '' }: { name: IconName; className?: string }) {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true" className={`size-4 shrink-0 ${className}`}>
      <path
        d={PATHS[name]}
        fill="none"
        stroke="currentColor"
        strokeWidth={name === 'more' ? 2.4 : 1.5}
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  )
}
