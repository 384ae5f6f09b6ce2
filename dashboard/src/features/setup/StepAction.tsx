import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { Button, LinkButton } from '@/components/Button'
import { CodeBlock } from '@/components/Copy'
import { ErrorState } from '@/components/ErrorState'
import { Loading } from '@/components/Loading'
import { statusQuery, useRefresh } from '@/features/models/api'
import { setupQuery, snippetQuery, type SetupStep } from '@/features/setup/api'
import { PAGES } from '@/features/setup/pages'
import { useCan, useTenant } from '@/features/tenants/current'

/** What does a step, where it can be done from here. isOpen: shown without asking. */
export function StepAction({ step, isOpen }: { step: SetupStep; isOpen: boolean }) {
  const mayChange = useCan('developer')
  const { id } = useTenant()
  if (!mayChange) return null
  switch (step.step) {
    case 'key':
      return <Snippet tenantId={id} isOpen={false} />
    case 'event':
      return <Snippet tenantId={id} isOpen={isOpen} hasExample />
    case 'catalog':
      return (
        <LinkButton to={PAGES.imports} params={{ tenantId: id } as never} className="mt-2">
          Import a file
        </LinkButton>
      )
    case 'model':
      return <Build tenantId={id} />
    default:
      return <Placement tenantId={id} />
  }
}

/** The tag for pages, and the same event by hand. Making the tag makes its key, so it is asked for by a button. */
function Snippet({ tenantId, isOpen, hasExample = false }: { tenantId: string; isOpen: boolean; hasExample?: boolean }) {
  const client = useQueryClient()
  const hasKey = client.getQueryData(setupQuery(tenantId).queryKey)?.steps.some((step) => step.step === 'key' && step.done) ?? false
  const snippet = useQuery({ ...snippetQuery(tenantId), enabled: isOpen && hasKey })
  const made = snippet.data?.key
  useEffect(() => {
    if (made !== undefined) void client.invalidateQueries({ queryKey: setupQuery(tenantId).queryKey })
  }, [made, client, tenantId])
  if (!hasExample && made !== undefined) return null // the next step shows it
  if (snippet.error) return <ErrorState error={snippet.error} retry={() => void snippet.refetch()} />
  if (snippet.data === undefined) {
    if (snippet.isFetching) return <Loading rows={2} />
    return hasExample ? null : (
      <Button variant="primary" className="mt-2" onClick={() => void snippet.refetch()}>
        Make the snippet
      </Button>
    )
  }
  return (
    <div className="flex flex-col gap-3 pt-2">
      <CodeBlock label="The snippet" code={snippet.data.latest} />
      {hasExample && (
        <details>
          <summary className="text-muted">Or send an event by hand</summary>
          <div className="pt-2">
            <CodeBlock label="An event by curl" code={byHand(snippet.data.key)} />
          </div>
        </details>
      )}
    </div>
  )
}

const byHand = (key: string): string =>
  [
    `curl ${location.origin}/api/v1/events \\`,
    `  -H 'Authorization: Bearer ${key}' -H 'Content-Type: application/json' \\`,
    `  -d '{"eventType": "view", "userId": "shopper-1", "productId": "product-1"}'`,
  ].join('\n')

function Build({ tenantId }: { tenantId: string }) {
  const client = useQueryClient()
  const { data: status } = useQuery(statusQuery(tenantId))
  const refresh = useRefresh(tenantId)
  const isBuilding = refresh.isPending || status?.status === 'building'
  useEffect(() => {
    if (!isBuilding) void client.invalidateQueries({ queryKey: setupQuery(tenantId).queryKey })
  }, [isBuilding, client, tenantId])
  return (
    <Button className="mt-2" isPending={isBuilding} onClick={() => refresh.mutate()}>
      {isBuilding ? 'Building' : 'Build now'}
    </Button>
  )
}

function Placement({ tenantId }: { tenantId: string }) {
  return (
    <div className="flex flex-col items-start gap-2 pt-2">
      <div className="w-full">
        <CodeBlock label="The element of a placement" code={'<div data-recomengine-placement="home"></div>'} />
      </div>
      <LinkButton to={PAGES.widgets} params={{ tenantId } as never}>
        Say how it looks
      </LinkButton>
    </div>
  )
}
