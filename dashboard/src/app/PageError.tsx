import { useRouter, type ErrorComponentProps } from '@tanstack/react-router'
import { Problem } from '@/api/problem'
import { NotFoundPage } from '@/app/NotFoundPage'
import { ErrorState } from '@/components/ErrorState'
import { Page } from '@/components/Page'

/** What stands in a page's place when it could not be shown; the sidebar around it stays. */
export function PageError({ error, reset }: ErrorComponentProps) {
  const router = useRouter()
  if (error instanceof Problem && error.status === 404) return <NotFoundPage />
  const retry = () => {
    reset()
    void router.invalidate()
  }
  return (
    <Page title="This page could not be shown">
      <ErrorState error={error} retry={retry} />
    </Page>
  )
}
