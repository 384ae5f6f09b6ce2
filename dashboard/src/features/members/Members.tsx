import { useInfiniteQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { useAdmin } from '@/app/useSession'
import { Badge } from '@/components/Badge'
import { Button } from '@/components/Button'
import { DataTable, type Column } from '@/components/DataTable'
import { ErrorState } from '@/components/ErrorState'
import { date } from '@/components/format'
import { Loading } from '@/components/Loading'
import { Section } from '@/components/Page'
import { membersQuery, type Member } from '@/features/members/api'
import { Invitations } from '@/features/members/Invitations'
import { InviteDialog } from '@/features/members/InviteDialog'
import { MemberMenu } from '@/features/members/MemberMenu'
import { useCan, useTenant } from '@/features/tenants/current'
import { ROLES } from '@/features/tenants/roles'

/** Who works on the tenant, as what, and who is invited. */
export function Members() {
  const isOwner = useCan('owner')
  const [isInviting, setInviting] = useState(false)
  return (
    <Section
      title="Members"
      intro={ROLES.map(({ label, may }) => `${label}: ${may}.`).join(' ')}
      actions={isOwner && <Button onClick={() => setInviting(true)}>Invite somebody</Button>}
    >
      <div className="flex flex-col gap-4">
        <MemberTable />
        <Invitations />
      </div>
      <InviteDialog isOpen={isInviting} onClose={() => setInviting(false)} />
    </Section>
  )
}

function MemberTable() {
  const { id } = useTenant()
  const isOwner = useCan('owner')
  const me = useAdmin()?.id
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(membersQuery(id))
  const columns = useMemo(() => columnsFor(me, isOwner), [isOwner, me])
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (data === undefined) return <Loading rows={2} />
  return (
    <DataTable
      label="Members"
      columns={columns}
      rows={data}
      rowKey={(member) => member.adminId}
      empty="The tenant has no members: its keys are all there is of it."
      onMore={hasNextPage ? () => void fetchNextPage() : undefined}
      isLoadingMore={isFetchingNextPage}
    />
  )
}

const columnsFor = (me: string | undefined, isOwner: boolean): Column<Member>[] => [
  {
    id: 'member',
    header: 'Member',
    cell: (member) => (
      <span className="break-all">
        {member.name && <span className="block font-medium break-words">{member.name}</span>}
        <span className={member.name ? 'text-muted' : 'font-medium'}>{member.email}</span>
        {member.adminId === me && ' (you)'}
      </span>
    ),
  },
  { id: 'role', header: 'Role', cell: (member) => <Badge tone={member.role === 'owner' ? 'info' : 'neutral'}>{member.role}</Badge> },
  {
    id: 'since',
    header: 'Since',
    isWideOnly: true,
    cell: (member) => <span className="whitespace-nowrap">{date(member.createdAt)}</span>,
  },
  {
    id: 'actions',
    header: 'Actions',
    align: 'end',
    cell: (member) => (isOwner || member.adminId === me) && <MemberMenu member={member} isMe={member.adminId === me} />,
  },
]
