import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { ConfirmDialog } from '@/components/ConfirmDialog'
import { Menu } from '@/components/Menu'
import { toast } from '@/components/toast'
import { changeRole, removeMember, type Member } from '@/features/members/api'
import { useTenant } from '@/features/tenants/current'
import { ROLES, type Role } from '@/features/tenants/roles'

/** What an owner does with a member: another role, or an end. */
export function MemberMenu({ member }: { member: Member }) {
  const { id, name } = useTenant()
  const [isRemoving, setRemoving] = useState(false)
  const role = useMutation({
    mutationFn: (next: Role) => changeRole(id, member.adminId, next),
    onSuccess: (_, next) =>
      toast({ title: `${member.email} is ${next} now.`, tone: 'good', undo: () => role.mutate(member.role) }),
    onError: (error) => toast({ title: error.message, tone: 'bad' }),
  })
  const others = ROLES.filter(({ value }) => value !== member.role)
  return (
    <>
      <Menu
        label={`Actions for ${member.email}`}
        items={[
          ...others.map(({ value }) => ({ label: `Make ${value}`, onAction: () => role.mutate(value) })),
          { label: 'Remove', isDanger: true, onAction: () => setRemoving(true) },
        ]}
      />
      <ConfirmDialog
        title={`Remove ${member.email}?`}
        body={`They no longer see ${name}, at once. Keys that they have made stay.`}
        action={{
          label: 'Remove the member',
          run: async () => {
            await removeMember(id, member.adminId)
            toast({ title: `${member.email} is no member any more.` })
          },
        }}
        isOpen={isRemoving}
        onClose={() => setRemoving(false)}
      />
    </>
  )
}
