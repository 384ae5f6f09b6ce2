import { lazy, Suspense } from 'react'
import { bindable, type InputProps } from '@/components/bound'
import type { Option } from '@/components/ChoiceFields'

export interface ComboProps extends InputProps<string> {
  /** All there is to choose from. */
  options: readonly Option[]
  /** What is typed counts, even where it is none of the options. */
  allowsOwn?: boolean
  placeholder?: string
}

const ComboBox = lazy(() => import('@/components/ComboBox'))

/** One of many, found by typing. */
export const ComboField = bindable<string, ComboProps>(function ComboInput(props) {
  return (
    <Suspense fallback={<div className="skeleton h-15" />}>
      <ComboBox {...props} />
    </Suspense>
  )
})
