import { Page } from '@/components/Page'
import { useTenant } from '@/features/tenants/current'

export function HomePage() {
  return <Page title={useTenant().name}>{null}</Page>
}
