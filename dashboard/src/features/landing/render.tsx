import { renderToStaticMarkup } from 'react-dom/server'
import { LandingPage } from '@/features/landing/LandingPage'

/** The page as it is put into landing.html when it is built. */
export const render = (): string => renderToStaticMarkup(<LandingPage />)
