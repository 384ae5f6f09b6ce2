import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { Button } from '@/components/Button'
import { ConfirmDialog } from '@/components/ConfirmDialog'
import { toast } from '@/components/toast'
import { deleteExperiment, moveExperiment } from '@/features/experiments/api'
import { CompleteDialog } from '@/features/experiments/CompleteDialog'
import type { Experiment, Status, Step } from '@/features/experiments/words'
import { useCan } from '@/features/tenants/current'

const NEXT: Record<Status, { step: Step; label: string; done: string; isMain?: boolean }[]> = {
  draft: [{ step: 'start', label: 'Start', done: 'It runs', isMain: true }],
  running: [{ step: 'pause', label: 'Pause', done: 'Paused: everybody gets what they got before' }],
  paused: [{ step: 'resume', label: 'Resume', done: 'It runs again', isMain: true }],
  completed: [],
}

/** What can be done with it in its status. */
export function Actions({ tenantId, experiment }: { tenantId: string; experiment: Experiment }) {
  const [open, setOpen] = useState<'complete' | 'delete' | null>(null)
  const { status } = experiment
  if (!useCan('developer')) return null
  const isOpenEnded = status === 'running' || status === 'paused'
  return (
    <>
      {NEXT[status].map((next) => (
        <StepButton key={next.step} tenantId={tenantId} experiment={experiment} {...next} />
      ))}
      {isOpenEnded ? (
        <Button onClick={() => setOpen('complete')}>Complete</Button>
      ) : (
        <Button variant="danger" onClick={() => setOpen('delete')}>
          Delete
        </Button>
      )}
      <CompleteDialog tenantId={tenantId} experiment={experiment} isOpen={open === 'complete'} onClose={() => setOpen(null)} />
      <DeleteDialog tenantId={tenantId} experiment={experiment} isOpen={open === 'delete'} onClose={() => setOpen(null)} />
    </>
  )
}

interface StepProps {
  tenantId: string
  experiment: Experiment
  step: Step
  label: string
  done: string
  isMain?: boolean
}

function StepButton({ tenantId, experiment, step, label, done, isMain = false }: StepProps) {
  const [isPending, setPending] = useState(false)
  const run = async () => {
    setPending(true)
    try {
      await moveExperiment(tenantId, experiment.id, step)
      toast({ title: done, tone: 'good' })
    } catch (error) {
      toast({ title: error instanceof Error ? error.message : String(error), tone: 'bad' })
    } finally {
      setPending(false)
    }
  }
  return (
    <Button variant={isMain ? 'primary' : 'secondary'} isPending={isPending} onClick={() => void run()}>
      {label}
    </Button>
  )
}

interface DialogProps {
  tenantId: string
  experiment: Experiment
  isOpen: boolean
  onClose: () => void
}

function DeleteDialog({ tenantId, experiment, isOpen, onClose }: DialogProps) {
  const navigate = useNavigate()
  const run = async () => {
    await deleteExperiment(tenantId, experiment.id)
    await navigate({ to: '/dashboard/tenants/$tenantId/experiments', params: { tenantId } })
  }
  return (
    <ConfirmDialog
      title="Delete the experiment"
      body={experiment.status === 'draft' ? 'The draft is gone for good.' : 'Its results are gone for good.'}
      action={{ label: 'Delete the experiment', run }}
      isOpen={isOpen}
      onClose={onClose}
    />
  )
}
