import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { LinkButton } from '@/components/Button'
import { EmptyState } from '@/components/EmptyState'
import { ErrorState } from '@/components/ErrorState'
import { Loading } from '@/components/Loading'
import { Page, Section } from '@/components/Page'
import { Problem } from '@/api/problem'
import { itemQuery } from '@/features/catalog/api'
import { BoughtTogether } from '@/features/catalog/BoughtTogether'
import { ItemFacts } from '@/features/catalog/ItemFacts'
import { itemRoute } from '@/features/catalog/routes'
import { relatedQuery } from '@/features/catalog/api'
import { eventsQuery } from '@/features/events/api'
import { EventTable } from '@/features/events/EventTable'
import { Lists } from '@/features/playground/Lists'
import { useTenant } from '@/features/tenants/current'

export function ItemPage() {
  const { id } = useTenant()
  const { _splat: productId = '' } = itemRoute.useParams()
  const { data, error, refetch } = useQuery(itemQuery(id, productId))
  return (
    <Page
      title={data?.name ?? productId}
      breadcrumbs={[{ label: 'Catalog', to: '/dashboard/tenants/$tenantId/catalog', params: { tenantId: id } }]}
      actions={
        data !== undefined && (
          <LinkButton to="/dashboard/tenants/$tenantId/playground" params={{ tenantId: id }} search={{ products: productId, context: 'product' }}>
            Open in the playground
          </LinkButton>
        )
      }
    >
      {error instanceof Problem && error.status === 404 ? (
        <EmptyState title="This product is not in the catalog" body="Its events, where there are any, are below." />
      ) : error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <Loading />
      ) : (
        <>
          <ItemFacts item={data} />
          <Related productId={productId} />
        </>
      )}
      <Section
        title="Events"
        actions={
          <LinkButton to="/dashboard/tenants/$tenantId/events" params={{ tenantId: id }} search={{ productId }}>
            Follow them live
          </LinkButton>
        }
      >
        <Events productId={productId} />
      </Section>
    </Page>
  )
}

function Related({ productId }: { productId: string }) {
  const { id } = useTenant()
  const { data, error, refetch } = useQuery(relatedQuery(id, productId))
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (data === undefined) return <Loading />
  return (
    <>
      <Section title="Near this product" intro="As its page would show them to somebody of whom nothing is known.">
        <Lists lists={data.lists} />
      </Section>
      <Section title="Bought together" intro="In how many orders both were. Lift says how many times more often than by chance.">
        <BoughtTogether products={data.boughtTogether} />
      </Section>
    </>
  )
}

function Events({ productId }: { productId: string }) {
  const { id } = useTenant()
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(eventsQuery(id, { productId }))
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (data === undefined) return <Loading />
  return (
    <EventTable
      label="Events of this product"
      events={data.pages.flatMap((page) => page.data)}
      ofProduct
      empty="Nobody had to do with this product yet."
      onMore={hasNextPage ? () => void fetchNextPage() : undefined}
      isLoadingMore={isFetchingNextPage}
    />
  )
}
