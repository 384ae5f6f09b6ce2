import { LinkButton } from '@/components/Button'
import { EmptyState } from '@/components/EmptyState'
import { Page } from '@/components/Page'

export function NotFoundPage() {
  return (
    <Page title="Page not found">
      <EmptyState
        title="There is nothing at this address"
        body="It may have been deleted, or belong to an account that you are not signed in with."
        action={<LinkButton to="/dashboard">Go to all tenants</LinkButton>}
      />
    </Page>
  )
}
