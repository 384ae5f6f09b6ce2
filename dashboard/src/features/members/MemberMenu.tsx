import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { queries } from '@/app/queries'
import { ConfirmDialog } from '@/components/ConfirmDialog'
import { Menu } from '@/components/Menu'
import { toast } from '@/components/toast'
import { changeRole, deleteMember, removeMember, type Member } from '@/features/members/api'
import { useCan, useTenant } from '@/features/tenants/current'
import { ROLES, type Role } from '@/features/tenants/roles'

/** What an owner does with a member: another role, or an end; and how anybody leaves. */
export function MemberMenu({ member, isMe }: { member: Member; isMe: boolean }) {
  const { id, name } = useTenant()
  const isOwner = useCan('owner')
  const navigate = useNavigate()
  const [isRemoving, setRemoving] = useState(false)
  const role = useMutation({
    mutationFn: (next: Role) => changeRole(id, member.adminId, next),
    onSuccess: (_, next) =>
      toast({ title: `${member.email} is ${next} now.`, tone: 'good', undo: () => role.mutate(member.role) }),
    onError: (error) => toast({ title: error.message, tone: 'bad' }),
  })
  const remove = async () => {
    await removeMember(id, member.adminId)
    toast({ title: `${member.email} is no member any more.` })
  }
  const leave = async () => {
    await deleteMember(id, member.adminId)
    toast({ title: `You have left ${name}.` })
    await navigate({ to: '/dashboard' })
    await queries.invalidateQueries()
  }
  const others = ROLES.filter(({ value }) => value !== member.role)
  return (
    <>
      <Menu
        label={`Actions for ${member.email}`}
        items={[
          ...(isOwner ? others.map(({ value }) => ({ label: `Make ${value}`, onAction: () => role.mutate(value) })) : []),
          { label: isMe ? 'Leave' : 'Remove', isDanger: true, onAction: () => setRemoving(true) },
        ]}
      />
      <ConfirmDialog
        title={isMe ? `Leave ${name}?` : `Remove ${member.email}?`}
        body={
          isMe
            ? `You no longer see ${name}, at once. Keys that you have made stay. An owner can invite you again.`
            : `They no longer see ${name}, at once. Keys that they have made stay.`
        }
        action={{
          label: isMe ? 'Leave the tenant' : 'Remove the member',
          run: isMe ? leave : remove,
        }}
        isOpen={isRemoving}
        onClose={() => setRemoving(false)}
      />
    </>
  )
}
