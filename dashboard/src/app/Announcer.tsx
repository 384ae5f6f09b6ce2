import { useRouter } from '@tanstack/react-router'
import { useEffect, useState } from 'react'

/**
 * After a navigation a browser would say the new page's title and move to its top. Here the page's heading gets the
 * focus and its title is said, unless only the filters in the address changed.
 */
export function Announcer() {
  const router = useRouter()
  const [said, setSaid] = useState('')
  useEffect(
    () =>
      router.subscribe('onRendered', ({ pathChanged, fromLocation }) => {
        if (!pathChanged || !fromLocation) return
        const heading = document.querySelector<HTMLElement>('main h1')
        heading?.focus({ preventScroll: true })
        setSaid(document.title)
      }),
    [router],
  )
  return (
    <p aria-live="polite" className="sr-only">
      {said}
    </p>
  )
}
