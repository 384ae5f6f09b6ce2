import { lazy, Suspense, useState, type ReactNode } from 'react'
import { Button } from '@/components/Button'
import { Icon } from '@/components/Icon'

export interface MenuItem {
  label: string
  onAction: () => void
  isDanger?: boolean
  isDisabled?: boolean
}

export interface MenuProps {
  /** What the button says, be it to a screen reader alone. */
  label: string
  items: readonly MenuItem[]
  /** In place of the three dots. */
  children?: ReactNode
}

const OpenMenu = lazy(() => import('@/components/OpenMenu'))

/** A button that opens a list of actions. What the list is made of is loaded when the first one opens. */
export function Menu({ label, items, children }: MenuProps) {
  const [isOpen, setOpen] = useState(false)
  const [button, setButton] = useState<HTMLButtonElement | null>(null)
  return (
    <>
      <Button
        ref={setButton}
        variant={children === undefined ? 'quiet' : 'secondary'}
        aria-label={children === undefined ? label : undefined}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        className={children === undefined ? 'px-2' : ''}
        onClick={() => setOpen(!isOpen)}
        onKeyDown={(event) => event.key === 'ArrowDown' && setOpen(true)}
      >
        {children ?? <Icon name="more" />}
        {children !== undefined && <Icon name="down" />}
      </Button>
      {isOpen && button !== null && (
        <Suspense>
          <OpenMenu label={label} items={items} button={button} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  )
}
