import { lazy, Suspense, type ReactNode } from 'react'

export interface DialogProps {
  title: string
  children: ReactNode
  isOpen: boolean
  onClose: () => void
  /** Escape and a click beside it do not close it. */
  mustAnswer?: boolean
  size?: 'small' | 'medium' | 'large'
  /** An `alertdialog` interrupts: for what cannot be taken back. */
  role?: 'dialog' | 'alertdialog'
}

const Overlay = lazy(() => import('@/components/Overlay'))

/** A window over the page. What it is made of is loaded when the first one opens. */
export function Dialog(props: DialogProps) {
  if (!props.isOpen) return null
  return (
    <Suspense>
      <Overlay {...props} />
    </Suspense>
  )
}
