import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { Button } from '@/components/Button'
import { ConfirmDialog } from '@/components/ConfirmDialog'
import { CopyField } from '@/components/Copy'
import { Page, Section } from '@/components/Page'
import { toast } from '@/components/toast'
import { Members } from '@/features/members/Members'
import { deleteTenant } from '@/features/tenants/api'
import { ConfigForm } from '@/features/tenants/ConfigForm'
import { useCan, useTenant } from '@/features/tenants/current'
import { StatusSwitch } from '@/features/tenants/StatusSwitch'

export function TenantSettingsPage() {
  const tenant = useTenant()
  const isOwner = useCan('owner')
  return (
    <Page title="Settings" intro={isOwner ? undefined : `You read these settings as ${tenant.role}. An owner changes them.`}>
      <Section title="The shop">
        <div className="flex max-w-2xl flex-col gap-6">
          <CopyField label="Tenant id" value={tenant.id} />
          <ConfigForm key={tenant.id} tenant={tenant} isReadOnly={!isOwner} />
        </div>
      </Section>
      <Members />
      {isOwner && (
        <Section
          title={tenant.status === 'suspended' ? 'Suspended' : 'Suspend'}
          intro="A suspended tenant's keys do not work: no recommendations, no events. Nothing is deleted."
          actions={<StatusSwitch tenant={tenant} />}
        >
          {null}
        </Section>
      )}
      {isOwner && <Deletion />}
    </Page>
  )
}

function Deletion() {
  const tenant = useTenant()
  const navigate = useNavigate()
  const [isAsking, setAsking] = useState(false)
  return (
    <Section
      title="Delete"
      intro="The tenant with its catalog, events, models and keys. It is gone from everywhere at once, and its data is erased after 30 days."
      actions={
        <Button variant="danger" onClick={() => setAsking(true)}>
          Delete the tenant
        </Button>
      }
    >
      <ConfirmDialog
        title={`Delete ${tenant.name}?`}
        body="Its keys stop working at once and no member sees it any more. There is no way back from this page; within 30 days the system's operator can still restore it."
        typed={tenant.name}
        action={{
          label: 'Delete the tenant',
          run: async () => {
            await deleteTenant(tenant.id)
            toast({ title: `${tenant.name} is deleted.` })
            await navigate({ to: '/dashboard/tenants' })
          },
        }}
        isOpen={isAsking}
        onClose={() => setAsking(false)}
      />
    </Section>
  )
}
