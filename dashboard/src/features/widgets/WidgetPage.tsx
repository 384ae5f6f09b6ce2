import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useWatch } from 'react-hook-form'
import { Button } from '@/components/Button'
import { CodeBlock } from '@/components/Copy'
import { ErrorState } from '@/components/ErrorState'
import { Form, useZodForm } from '@/components/Form'
import { Loading } from '@/components/Loading'
import { NoAccess } from '@/components/NoAccess'
import { Page, Section } from '@/components/Page'
import { toast } from '@/components/toast'
import { saveWidget, useDelete, widgetQuery, type Widget } from '@/features/widgets/api'
import { bodyOf, valuesOf, WIDGET, type Values } from '@/features/widgets/fields'
import { Preview } from '@/features/widgets/Preview'
import { widgetRoute } from '@/features/widgets/routes'
import { WidgetFields } from '@/features/widgets/WidgetForm'
import { useCan, useTenant } from '@/features/tenants/current'

export function WidgetPage() {
  const { id } = useTenant()
  const { widgetId } = widgetRoute.useParams()
  const isNew = widgetId === 'new'
  const mayMake = useCan('developer')
  const { data, error, refetch } = useQuery({ ...widgetQuery(id, widgetId), enabled: !isNew, staleTime: Infinity })
  if (isNew && !mayMake) {
    return (
      <Page title="New widget" breadcrumbs={crumbs(id)}>
        <NoAccess role="developer" />
      </Page>
    )
  }
  if (!isNew && data === undefined) {
    return (
      <Page title="Widget" breadcrumbs={crumbs(id)}>
        {error ? <ErrorState error={error} retry={() => void refetch()} /> : <Loading rows={10} />}
      </Page>
    )
  }
  return <Editor key={widgetId} tenantId={id} widget={data ?? null} />
}

const crumbs = (tenantId: string) => [{ label: 'Widgets', to: '/dashboard/tenants/$tenantId/widgets', params: { tenantId } }]

function Editor({ tenantId, widget }: { tenantId: string; widget: Widget | null }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const { role } = useTenant()
  const mayChange = useCan('developer')
  const form = useZodForm<Values>(WIDGET, {
    defaultValues: valuesOf(widget),
    onSubmit: async (values) => {
      const saved = await saveWidget(tenantId, widget?.id ?? null, bodyOf(values))
      client.setQueryData(widgetQuery(tenantId, saved.id).queryKey, saved)
      void client.invalidateQueries({ queryKey: ['tenants', tenantId, 'widgets'] })
      form.reset(valuesOf(saved))
      toast({ title: 'Saved: pages show it within a second', tone: 'good' })
      if (widget === null) await navigate({ to: '/dashboard/tenants/$tenantId/widgets/$widgetId', params: { tenantId, widgetId: saved.id }, replace: true })
    },
  })
  const values = useWatch({ control: form.control }) as Values
  const checked = WIDGET.safeParse({ ...values, placementId: values.placementId.trim() || 'home' })
  const title = widget === null ? 'New widget' : `Widget of ${widget.placementId}`
  return (
    <Page
      title={title}
      breadcrumbs={crumbs(tenantId)}
      intro={mayChange ? undefined : `You read this widget as ${role}. Developers and owners change it.`}
      actions={widget !== null && mayChange && <Delete tenantId={tenantId} widget={widget} />}
    >
      <div className="grid gap-8 lg:grid-cols-[minmax(18rem,2fr)_minmax(0,3fr)]">
        <Form form={form}>
          <fieldset disabled={!mayChange} className="flex flex-col gap-4">
            <WidgetFields />
          </fieldset>
          {mayChange && (
            <div className="sticky bottom-0 flex items-center gap-3 border-t border-line bg-canvas py-3">
              <Button type="submit" variant="primary" isPending={form.formState.isSubmitting}>
                Save
              </Button>
              <span className="text-sm text-muted">{form.formState.isDirty ? 'Not saved yet' : ''}</span>
            </div>
          )}
        </Form>
        <div className="min-w-0 lg:sticky lg:top-4 lg:self-start">
          <Preview tenantId={tenantId} body={checked.success ? bodyOf(checked.data) : null} />
        </div>
      </div>
      <Section title="On the page" intro="Put this where the list is to stand; the snippet in the page’s head fills it.">
        <CodeBlock label="The element of the placement" code={element(values.placementId)} />
      </Section>
    </Page>
  )
}

function element(placementId: string): string {
  const name = placementId.trim().replaceAll('&', '&amp;').replaceAll('"', '&quot;') || 'home'
  return `<div data-recomengine-placement="${name}"></div>`
}

function Delete({ tenantId, widget }: { tenantId: string; widget: Widget }) {
  const navigate = useNavigate()
  const remove = useDelete(tenantId)
  const then = () => void navigate({ to: '/dashboard/tenants/$tenantId/widgets', params: { tenantId } })
  return (
    <Button variant="danger" isPending={remove.isPending} onClick={() => remove.mutate(widget, { onSuccess: then })}>
      Delete
    </Button>
  )
}
