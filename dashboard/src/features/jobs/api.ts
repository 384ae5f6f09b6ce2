import { answerOf, api } from '@/api/client'
import type { components } from '@/api/schema'
import { pagesQuery } from '@/app/pages'
import { queries } from '@/app/queries'

export type Job = components['schemas']['Job']
export type Status = Job['status']

export const jobsQuery = (tenantId: string, status: Status | undefined) =>
  pagesQuery<Job>(['tenants', tenantId, 'jobs', status], async (cursor) =>
    answerOf(
      api.GET('/api/v1/tenants/{tenantId}/jobs', {
        params: { path: { tenantId }, query: { status, cursor: cursor === undefined ? undefined : Number(cursor) } },
      }),
    ),
  )

export async function retryJob(tenantId: string, jobId: number): Promise<void> {
  await api.POST('/api/v1/tenants/{tenantId}/jobs/{jobId}/retry', { params: { path: { tenantId, jobId } } })
  await queries.invalidateQueries({ queryKey: ['tenants', tenantId, 'jobs'] })
}
