import { Icon } from '@/components/Icon'
import { ago, dateTime } from '@/components/format'
import type { Setup, SetupStep } from '@/features/setup/api'
import { StepAction } from '@/features/setup/StepAction'
import { Waiting } from '@/features/setup/Waiting'

const TITLES: Record<string, string> = {
  key: 'Make a key',
  event: 'Send the first event',
  catalog: 'Load the catalog',
  model: 'Build the model',
  widget: 'Show a list',
}

/** The steps; of those that are left the first one is open. */
export function Checklist({ setup }: { setup: Setup }) {
  const next = setup.steps.find((step) => !step.done)
  return (
    <ol aria-label="Steps" className="flex flex-col">
      {setup.steps.map((step, index) => (
        <li key={step.step} aria-current={step === next ? 'step' : undefined} className="flex gap-3 border-t border-line py-3 first:border-t-0 first:pt-0">
          <Mark step={step} number={index + 1} />
          <div className="min-w-0 flex-1">
            <h3 className="font-medium">
              {TITLES[step.step] ?? step.step} <span className="sr-only">{step.done ? '(done)' : '(to be done)'}</span>
            </h3>
            <p className="text-muted">
              {step.summary} {step.at && <time title={dateTime(step.at)}>{step.step === 'widget' ? `Last ${ago(step.at)}.` : `Since ${dateTime(step.at)}.`}</time>}
            </p>
            {!step.done && <p className="max-w-prose pt-1">{step.remedy}</p>}
            {step.step === 'event' && !step.done && <Waiting setup={setup} />}
            {!step.done && <StepAction step={step} isOpen={step === next || step.step === 'event'} />}
          </div>
        </li>
      ))}
    </ol>
  )
}

function Mark({ step, number }: { step: SetupStep; number: number }) {
  return (
    <span
      aria-hidden="true"
      className={`grid size-6 shrink-0 place-items-center rounded-full border text-sm ${step.done ? 'border-good bg-good-soft text-good' : 'border-line-strong text-muted'}`}
    >
      {step.done ? <Icon name="check" className="size-3.5" /> : number}
    </span>
  )
}
