import { useMutation, useQuery } from '@tanstack/react-query'
import { Badge } from '@/components/Badge'
import { Button } from '@/components/Button'
import { DataTable, type Column } from '@/components/DataTable'
import { ErrorState } from '@/components/ErrorState'
import { ago, dateTime } from '@/components/format'
import { Loading } from '@/components/Loading'
import { toast } from '@/components/toast'
import { endSession, sessionsQuery, type SessionLine } from '@/features/account/api'
import { browserOf } from '@/features/account/browsers'

export function Sessions() {
  const { data, error, refetch } = useQuery(sessionsQuery)
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (data === undefined) return <Loading rows={2} />
  return <DataTable label="Sessions" columns={COLUMNS} rows={data} rowKey={(session) => session.id} empty="You are signed in nowhere." />
}

const COLUMNS: Column<SessionLine>[] = [
  {
    id: 'browser',
    header: 'Browser',
    cell: (session) => (
      <span className="flex flex-wrap items-baseline gap-2" title={session.userAgent}>
        <span className="font-medium break-words">{browserOf(session.userAgent)}</span>
        {session.current && <Badge tone="good">this one</Badge>}
      </span>
    ),
  },
  {
    id: 'used',
    header: 'Last renewed',
    cell: (session) => <span title={dateTime(session.lastUsedAt)}>{ago(session.lastUsedAt)}</span>,
  },
  { id: 'since', header: 'Signed in', isWideOnly: true, cell: (session) => dateTime(session.createdAt) },
  { id: 'actions', header: 'Actions', align: 'end', cell: (session) => (session.current ? null : <End session={session} />) },
]

function End({ session }: { session: SessionLine }) {
  const end = useMutation({
    mutationFn: () => endSession(session.id),
    onSuccess: () => toast({ title: 'That session has ended.', tone: 'good' }),
    onError: (error) => toast({ title: error.message, tone: 'bad' }),
  })
  return (
    <Button isPending={end.isPending} onClick={() => end.mutate()} aria-label={`Sign out of ${browserOf(session.userAgent)}`}>
      Sign out
    </Button>
  )
}
