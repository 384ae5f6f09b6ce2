import { useState } from 'react'
import * as z from 'zod/mini'
import { Button } from '@/components/Button'
import { ConfirmDialog } from '@/components/ConfirmDialog'
import { Dialog } from '@/components/Dialog'
import { Form, useZodForm } from '@/components/Form'
import { Menu } from '@/components/Menu'
import { NumberField } from '@/components/TextField'
import { toast } from '@/components/toast'
import { revokeKey, rotateKey, type Key, type NewKey } from '@/features/keys/api'
import { ShownOnce } from '@/features/keys/ShownOnce'
import { useTenant } from '@/features/tenants/current'

/** A new key in this one's place, or an end to it. */
export function KeyMenu({ subject }: { subject: Key }) {
  const { id } = useTenant()
  const [asking, setAsking] = useState<'rotate' | 'revoke' | null>(null)
  const close = () => setAsking(null)
  return (
    <>
      <Menu
        label={`Actions for the key ${subject.name}`}
        items={[
          ...(subject.revokedAt ? [] : [{ label: 'Rotate', onAction: () => setAsking('rotate') }]),
          { label: 'Revoke', isDanger: true, onAction: () => setAsking('revoke') },
        ]}
      />
      <Rotation subject={subject} isOpen={asking === 'rotate'} onClose={close} />
      <ConfirmDialog
        title={`Revoke ${subject.name}?`}
        body="Whatever uses the key is refused within a second. This cannot be taken back."
        typed={subject.name}
        action={{
          label: 'Revoke the key',
          run: async () => {
            await revokeKey(id, subject.id)
            toast({ title: `The key ${subject.name} is revoked.` })
          },
        }}
        isOpen={asking === 'revoke'}
        onClose={close}
      />
    </>
  )
}

const DAY_HOURS = 24
const ROTATION = z.object({
  overlapHours: z
    .number('Enter a number of hours.')
    .check(z.int('Enter whole hours.'), z.minimum(0, 'Enter 0 to 720.'), z.maximum(720, 'Enter 0 to 720.')),
})

function Rotation({ subject, isOpen, onClose }: { subject: Key; isOpen: boolean; onClose: () => void }) {
  const [made, setMade] = useState<NewKey | null>(null)
  const close = () => {
    setMade(null)
    onClose()
  }
  return (
    <Dialog title={made ? 'The new key' : `Rotate ${subject.name}`} isOpen={isOpen} onClose={close} mustAnswer={made !== null} size="medium">
      {made ? <ShownOnce made={made} onClose={close} /> : <RotationForm subject={subject} onMade={setMade} onClose={close} />}
    </Dialog>
  )
}

function RotationForm({ subject, onMade, onClose }: { subject: Key; onMade: (made: NewKey) => void; onClose: () => void }) {
  const { id } = useTenant()
  const form = useZodForm(ROTATION, {
    defaultValues: { overlapHours: DAY_HOURS },
    onSubmit: async ({ overlapHours }) => onMade(await rotateKey(id, subject.id, overlapHours)),
  })
  return (
    <Form form={form}>
      <p className="text-muted">A new key with the same name, permission and origins takes its place.</p>
      <NumberField
        name="overlapHours"
        label="The old key works on for"
        unit="hours"
        min={0}
        max={720}
        step={1}
        hint="Time to put the new one everywhere. 0 where the old one has leaked."
      />
      <div className="flex flex-wrap justify-end gap-2">
        <Button variant="quiet" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" variant="primary" isPending={form.formState.isSubmitting}>
          Rotate the key
        </Button>
      </div>
    </Form>
  )
}
