import { useQuery } from '@tanstack/react-query'
import { LinkButton } from '@/components/Button'
import { EmptyState } from '@/components/EmptyState'
import { ErrorState } from '@/components/ErrorState'
import { Loading } from '@/components/Loading'
import { Page, Section } from '@/components/Page'
import { Problem } from '@/api/problem'
import { playgroundQuery } from '@/features/playground/api'
import { Lists } from '@/features/playground/Lists'
import { STRATEGIES } from '@/features/playground/strategies'
import { shopperQuery, type Shopper } from '@/features/shoppers/api'
import { Facts } from '@/features/shoppers/Facts'
import { History } from '@/features/shoppers/History'
import { RobotMark } from '@/features/shoppers/RobotMark'
import { shopperRoute } from '@/features/shoppers/routes'
import { useTenant } from '@/features/tenants/current'

const SHOWN = 5

export function ShopperPage() {
  const { id } = useTenant()
  const { userId } = shopperRoute.useParams()
  const { data, error, refetch } = useQuery(shopperQuery(id, userId))
  return (
    <Page
      title={userId}
      breadcrumbs={[{ label: 'Shoppers', to: '/dashboard/tenants/$tenantId/shoppers', params: { tenantId: id } }]}
      actions={data !== undefined && <RobotMark shopper={data} />}
    >
      {error instanceof Problem && error.status === 404 ? (
        <EmptyState title="Nothing is known of this shopper" body={error.detail} />
      ) : error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <Loading />
      ) : (
        <Known shopper={data} />
      )}
    </Page>
  )
}

function Known({ shopper }: { shopper: Shopper }) {
  const { id } = useTenant()
  return (
    <>
      <Facts shopper={shopper} />
      <Section
        title="What they get now"
        intro="Home page, by each strategy. Nothing here counts as shown."
        actions={
          <LinkButton to="/dashboard/tenants/$tenantId/playground" params={{ tenantId: id }} search={{ user: shopper.userId }}>
            Open in the playground
          </LinkButton>
        }
      >
        <Now userId={shopper.userId} />
      </Section>
      <Section title="History">
        <History userId={shopper.userId} />
      </Section>
    </>
  )
}

function Now({ userId }: { userId: string }) {
  const { id } = useTenant()
  const asked = { userId, strategies: [...STRATEGIES], limit: SHOWN, productIds: [], exclude: [] }
  const { data, error, refetch } = useQuery(playgroundQuery(id, asked))
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  return data === undefined ? <Loading rows={4} /> : <Lists lists={data} />
}
