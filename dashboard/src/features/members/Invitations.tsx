import { useInfiniteQuery, useMutation } from '@tanstack/react-query'
import { useMemo } from 'react'
import { Badge } from '@/components/Badge'
import { DataTable, type Column } from '@/components/DataTable'
import { ErrorState } from '@/components/ErrorState'
import { dateTime } from '@/components/format'
import { Menu } from '@/components/Menu'
import { toast } from '@/components/toast'
import { invitationsQuery, invite, revokeInvitation, type Invitation } from '@/features/members/api'
import { useCan, useTenant } from '@/features/tenants/current'

/** Those that nobody has accepted yet; nothing where there are none. */
export function Invitations() {
  const { id } = useTenant()
  const isOwner = useCan('owner')
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(invitationsQuery(id))
  const columns = useMemo(() => (isOwner ? [...COLUMNS, ACTIONS] : COLUMNS), [isOwner])
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (data === undefined || data.length === 0) return null
  return (
    <div>
      <h3 className="pb-2 font-medium">Invited</h3>
      <DataTable
        label="Invitations"
        columns={columns}
        rows={data}
        rowKey={(invitation) => invitation.id}
        empty={null}
        onMore={hasNextPage ? () => void fetchNextPage() : undefined}
        isLoadingMore={isFetchingNextPage}
      />
    </div>
  )
}

const isOver = (invitation: Invitation): boolean => new Date(invitation.expiresAt) < new Date()

const COLUMNS: Column<Invitation>[] = [
  { id: 'email', header: 'E-mail', cell: (invitation) => <span className="break-all">{invitation.email}</span> },
  { id: 'role', header: 'Role', cell: (invitation) => <Badge>{invitation.role}</Badge> },
  {
    id: 'until',
    header: 'Good until',
    isWideOnly: true,
    cell: (invitation) => (isOver(invitation) ? <Badge tone="warn">out of date</Badge> : dateTime(invitation.expiresAt)),
  },
]

const ACTIONS: Column<Invitation> = {
  id: 'actions',
  header: 'Actions',
  align: 'end',
  cell: (invitation) => <InvitationMenu invitation={invitation} />,
}

function InvitationMenu({ invitation: { id: invitationId, email, role } }: { invitation: Invitation }) {
  const { id } = useTenant()
  const onError = (error: Error) => toast({ title: error.message, tone: 'bad' })
  const send = useMutation({
    mutationFn: () => invite(id, { email, role }),
    onSuccess: () => toast({ title: `A new link is on its way to ${email}. The old one does not work any more.`, tone: 'good' }),
    onError,
  })
  const revoke = useMutation({
    mutationFn: () => revokeInvitation(id, invitationId),
    onSuccess: () => toast({ title: `The invitation of ${email} is revoked.`, undo: () => send.mutate() }),
    onError,
  })
  return (
    <Menu
      label={`Actions for the invitation of ${email}`}
      items={[
        { label: 'Send a new link', onAction: () => send.mutate() },
        { label: 'Revoke', isDanger: true, onAction: () => revoke.mutate() },
      ]}
    />
  )
}
