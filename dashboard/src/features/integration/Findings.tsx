import { Badge } from '@/components/Badge'
import { number } from '@/components/format'
import type { Finding } from '@/features/integration/api'
import { checkLabel, STATUS } from '@/features/integration/checks'

/** Each check: how it stands, what was found, and what to do. isDetailed: examples and counts, even where all is well. */
export function Findings({ findings, isDetailed = false }: { findings: Finding[]; isDetailed?: boolean }) {
  return (
    <ul className="flex flex-col">
      {findings.map((finding) => (
        <li key={finding.check} className="grid gap-x-6 gap-y-1 border-t border-line py-3 first:border-t-0 first:pt-0 md:grid-cols-[6rem_minmax(0,1fr)]">
          <div>
            <Badge tone={STATUS[finding.status]?.tone ?? 'neutral'}>{STATUS[finding.status]?.label ?? finding.status}</Badge>
          </div>
          <div className="min-w-0">
            <h3 className="font-medium">{checkLabel(finding.check)}</h3>
            <p className="break-words">{finding.summary}</p>
            {finding.remedy && (
              <p className="max-w-prose pt-1 break-words">
                <span className="text-muted">What to do: </span>
                {finding.remedy}
              </p>
            )}
            {(finding.remedy || isDetailed) && <Details finding={finding} />}
          </div>
        </li>
      ))}
    </ul>
  )
}

const SAID = ['amiss', 'of', 'lastAt']
/** "Median lag s" of `median_lag_s`. */
const words = (name: string): string => name.replace(/([a-z])([A-Z])/g, '$1 $2').replaceAll('_', ' ').toLowerCase()

function Details({ finding }: { finding: Finding }) {
  const values = Object.entries(finding.values ?? {}).filter(([name]) => !SAID.includes(name))
  const examples = finding.examples ?? []
  if (values.length === 0 && examples.length === 0) return null
  return (
    <dl className="flex flex-wrap gap-x-4 gap-y-1 pt-1.5 text-sm text-muted">
      {examples.length > 0 && (
        <div className="flex w-full flex-wrap items-center gap-1.5">
          <dt>For example</dt>
          {examples.map((example) => (
            <dd key={example} className="max-w-full rounded border border-line bg-sunken px-1.5 font-mono text-xs leading-5 break-all">
              {example}
            </dd>
          ))}
        </div>
      )}
      {values.map(([name, value]) => (
        <div key={name} className="flex gap-1.5">
          <dt>{words(name)}</dt>
          <dd className="text-ink">{typeof value === 'number' ? number(value) : value}</dd>
        </div>
      ))}
    </dl>
  )
}
