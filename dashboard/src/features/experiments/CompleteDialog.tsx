import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Button } from '@/components/Button'
import { SelectField } from '@/components/ChoiceFields'
import { Dialog } from '@/components/Dialog'
import { ErrorState } from '@/components/ErrorState'
import { toast } from '@/components/toast'
import { adoptForShop, adoptForWidget, moveExperiment, resultsQuery, widgetAtQuery } from '@/features/experiments/api'
import { strategyName, type Experiment, type Strategy } from '@/features/experiments/words'
import { useCan } from '@/features/tenants/current'

interface Props {
  tenantId: string
  experiment: Experiment
  isOpen: boolean
  onClose: () => void
}

/** Ends it for good, and may put a strategy in place of what is served. */
export function CompleteDialog({ isOpen, onClose, ...rest }: Props) {
  return (
    <Dialog title="Complete the experiment" isOpen={isOpen} onClose={onClose} role="alertdialog">
      <Question {...rest} onClose={onClose} />
    </Dialog>
  )
}

function Question({ tenantId, experiment, onClose }: Omit<Props, 'isOpen'>) {
  const { data: results } = useQuery(resultsQuery(tenantId, experiment.id))
  const places = usePlaces(tenantId, experiment)
  const [place, setPlace] = useState('none')
  const [chosen, setChosen] = useState<string | null>(null)
  const [isPending, setPending] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const winner = results?.decision === 'variant' ? experiment.variantStrategy : experiment.controlStrategy
  const strategy = (chosen ?? winner) as Strategy
  const run = async () => {
    setPending(true)
    setError(null)
    try {
      await places.find((one) => one.value === place)?.adopt(strategy)
      await moveExperiment(tenantId, experiment.id, 'complete')
      toast({ title: place === 'none' ? 'Completed' : `Completed; ${strategyName(strategy)} is served from now on`, tone: 'good' })
      onClose()
    } catch (thrown) {
      setError(thrown)
      setPending(false)
    }
  }
  return (
    <div className="flex flex-col gap-4">
      <p className="text-muted">{results?.summary ?? 'Its results are kept. It cannot be started again.'}</p>
      <SelectField label="What is served afterwards" value={place} onChange={setPlace} options={places} />
      {place !== 'none' && (
        <SelectField
          label="Strategy"
          value={strategy}
          onChange={setChosen}
          options={[
            { value: experiment.variantStrategy, label: `${strategyName(experiment.variantStrategy)} (variant)` },
            { value: experiment.controlStrategy, label: `${strategyName(experiment.controlStrategy)} (control)` },
          ]}
        />
      )}
      {error !== null && <ErrorState error={error} />}
      <div className="flex flex-wrap justify-end gap-2">
        <Button variant="quiet" onClick={onClose}>
          Cancel
        </Button>
        <Button variant="primary" isPending={isPending} onClick={() => void run()}>
          {place === 'none' ? 'Complete' : 'Complete and adopt'}
        </Button>
      </div>
    </div>
  )
}

interface Place {
  value: string
  label: string
  adopt: (strategy: Strategy) => Promise<unknown>
}

/** Where a strategy can be put: only what exists, and what one may change. */
function usePlaces(tenantId: string, { placementId }: Experiment): Place[] {
  const isOwner = useCan('owner')
  const { data: widget } = useQuery({ ...widgetAtQuery(tenantId, placementId ?? ''), enabled: placementId !== null })
  const places: Place[] = [{ value: 'none', label: 'What was served before', adopt: () => Promise.resolve() }]
  if (widget) {
    places.push({ value: 'widget', label: `A strategy at “${widget.placementId}”`, adopt: (strategy) => adoptForWidget(tenantId, widget.id, strategy) })
  }
  if (isOwner) {
    places.push({ value: 'shop', label: 'A strategy in the whole shop', adopt: (strategy) => adoptForShop(tenantId, strategy) })
  }
  return places
}
