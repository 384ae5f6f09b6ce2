import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { Button } from '@/components/Button'
import { ConfirmDialog } from '@/components/ConfirmDialog'
import { toast } from '@/components/toast'
import { activateTenant, suspendTenant, type Tenant } from '@/features/tenants/api'
import { includes } from '@/features/tenants/roles'

/** Suspends a tenant, after asking, and activates it again; nothing for those who may not. */
export function StatusSwitch({ tenant }: { tenant: Tenant }) {
  const [isAsking, setAsking] = useState(false)
  const activate = useMutation({
    mutationFn: () => activateTenant(tenant.id),
    onSuccess: () => toast({ title: `${tenant.name} is active again.`, tone: 'good' }),
    onError: (error) => toast({ title: error.message, tone: 'bad' }),
  })
  if (!includes(tenant.role, 'owner')) return null
  if (tenant.status === 'suspended') {
    return (
      <Button isPending={activate.isPending} onClick={() => activate.mutate()} aria-label={`Activate ${tenant.name}`}>
        Activate
      </Button>
    )
  }
  return (
    <>
      <Button onClick={() => setAsking(true)} aria-label={`Suspend ${tenant.name}`}>
        Suspend
      </Button>
      <ConfirmDialog
        title={`Suspend ${tenant.name}?`}
        body="All its keys stop working at once: its pages show no recommendations and its events are refused, until an owner activates it again. Nothing is deleted."
        action={{
          label: 'Suspend',
          run: async () => {
            await suspendTenant(tenant.id)
            toast({ title: `${tenant.name} is suspended.`, undo: () => activate.mutate() })
          },
        }}
        isOpen={isAsking}
        onClose={() => setAsking(false)}
      />
    </>
  )
}
