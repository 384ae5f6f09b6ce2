import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import type { components } from '@/api/schema'
import { answerOf, api } from '@/api/client'
import { pagesQuery } from '@/app/pages'
import { toast } from '@/components/toast'

export type Widget = components['schemas']['Widget']
export type WidgetIn = components['schemas']['WidgetIn']
export type Theme = components['schemas']['Theme']

const listKey = (tenantId: string) => ['tenants', tenantId, 'widgets']

export const widgetsQuery = (tenantId: string) =>
  pagesQuery<Widget>(listKey(tenantId), async (cursor) =>
    answerOf(api.GET('/api/v1/tenants/{tenantId}/widgets', { params: { path: { tenantId }, query: { limit: 100, cursor } } })),
  )

export const widgetQuery = (tenantId: string, widgetId: string) =>
  queryOptions({
    queryKey: ['tenants', tenantId, 'widget', widgetId],
    queryFn: async () =>
      (await answerOf(api.GET('/api/v1/tenants/{tenantId}/widgets/{widgetId}', { params: { path: { tenantId, widgetId } } }))).data,
  })

export async function saveWidget(tenantId: string, widgetId: string | null, body: WidgetIn): Promise<Widget> {
  if (widgetId === null) {
    return (await answerOf(api.POST('/api/v1/tenants/{tenantId}/widgets', { params: { path: { tenantId } }, body }))).data
  }
  const params = { path: { tenantId, widgetId } }
  return (await answerOf(api.PATCH('/api/v1/tenants/{tenantId}/widgets/{widgetId}', { params, body }))).data
}

export interface For {
  userId: string
  productId: string
}

/** The page that shows the widget, saved or not, as text. */
export async function previewOf(tenantId: string, body: WidgetIn, { userId, productId }: For, signal: AbortSignal): Promise<string> {
  const query = { ...(userId && { userId }), ...(productId && { productId }) }
  return answerOf(
    api.POST('/api/v1/tenants/{tenantId}/widgets/preview', { params: { path: { tenantId }, query }, body, parseAs: 'text', signal }),
  ) as Promise<string>
}

/** Deletes it, and offers to make the same one again. */
export function useDelete(tenantId: string) {
  const client = useQueryClient()
  const refresh = () => client.invalidateQueries({ queryKey: listKey(tenantId) })
  const failed = (error: unknown) => toast({ title: error instanceof Error ? error.message : String(error), tone: 'bad' })
  return useMutation({
    mutationFn: (widget: Widget) =>
      api.DELETE('/api/v1/tenants/{tenantId}/widgets/{widgetId}', { params: { path: { tenantId, widgetId: widget.id } } }),
    onSuccess: async (_, widget) => {
      await refresh()
      const undo = () => void saveWidget(tenantId, null, bodyOf(widget)).then(refresh, failed)
      toast({ title: `The widget of ${widget.placementId} is deleted`, undo })
    },
    onError: failed,
  })
}

function bodyOf({ id: _id, createdAt: _createdAt, updatedAt: _updatedAt, ...body }: Widget): WidgetIn {
  return body
}
