import { lazy, Suspense, useEffect } from 'react'
import { showPalette, usePalette } from '@/app/palette'

const Palette = lazy(() => import('@/app/Palette'))

/** Listens for Ctrl+K and ⌘K. */
export function PaletteHost() {
  const scope = usePalette()
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.metaKey || event.ctrlKey) || event.altKey || event.shiftKey) return
      event.preventDefault()
      showPalette('all')
    }
    addEventListener('keydown', pressed)
    return () => removeEventListener('keydown', pressed)
  }, [])
  if (scope === null) return null
  return (
    <Suspense>
      <Palette scope={scope} onClose={() => showPalette(null)} />
    </Suspense>
  )
}
