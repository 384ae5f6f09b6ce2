import { useQuery } from '@tanstack/react-query'
import { ErrorState } from '@/components/ErrorState'
import { Loading } from '@/components/Loading'
import { Page, Section } from '@/components/Page'
import { setupQuery } from '@/features/setup/api'
import { Checklist } from '@/features/setup/Checklist'
import { Glance } from '@/features/setup/Glance'
import { NewestEvent } from '@/features/setup/NewestEvent'
import { useTenant } from '@/features/tenants/current'

/** A tenant's first page: how to set it up until that is done, then how it does. */
export function HomePage() {
  const tenant = useTenant()
  const { data, error, refetch } = useQuery(setupQuery(tenant.id))
  return (
    <Page title={tenant.name}>
      {error && data === undefined ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <Loading rows={8} />
      ) : data.done ? (
        <>
          <Glance />
          <NewestEvent setup={data} />
          <Section title="Set-up">
            <details>
              <summary className="pb-3 text-muted">All five steps are done</summary>
              <Checklist setup={data} />
            </details>
          </Section>
        </>
      ) : (
        <>
          <Section title="Set-up" intro="Five steps, in any order. Each is ticked off by itself once it is done.">
            <Checklist setup={data} />
          </Section>
          <NewestEvent setup={data} />
        </>
      )}
    </Page>
  )
}
