import { queryOptions } from '@tanstack/react-query'
import { answerOf, api } from '@/api/client'
import type { components } from '@/api/schema'
import { rewriteAdmin } from '@/api/session'
import { queries } from '@/app/queries'

export type SessionLine = components['schemas']['SessionLine']

export const sessionsQuery = queryOptions({
  queryKey: ['sessions'],
  queryFn: async () => (await answerOf(api.GET('/api/v1/auth/sessions'))).data,
})

export async function rename(name: string): Promise<void> {
  rewriteAdmin((await answerOf(api.PATCH('/api/v1/auth/me', { body: { name } }))).data)
}

export async function changePassword(body: components['schemas']['PasswordChange']): Promise<void> {
  await api.POST('/api/v1/auth/change-password', { body })
  await queries.invalidateQueries({ queryKey: sessionsQuery.queryKey })
}

export async function endSession(sessionId: string): Promise<void> {
  await api.DELETE('/api/v1/auth/sessions/{sessionId}', { params: { path: { sessionId } } })
  await queries.invalidateQueries({ queryKey: sessionsQuery.queryKey })
}
