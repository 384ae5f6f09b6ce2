import { LinkButton } from '@/components/Button'
import { Section } from '@/components/Page'
import { StatCard, StatRow } from '@/components/StatCard'
import { number } from '@/components/format'
import type { Kind, Result } from '@/features/imports/api'
import { Faults } from '@/features/imports/Faults'
import { useTenant } from '@/features/tenants/current'

const COUNTS: Record<Kind, [keyof Result, string][]> = {
  catalog: [
    ['created', 'Created'], ['changed', 'Changed'], ['unchanged', 'Unchanged'], ['repeated', 'Repeated rows'],
    ['removed', 'Made unavailable'], ['rejected', 'Rejected'],
  ],
  events: [['accepted', 'Stored'], ['duplicates', 'Were there already'], ['rejected', 'Rejected']],
}

/** What came of a file. */
export function Outcome({ kind, result }: { kind: Kind; result: Result }) {
  const { id } = useTenant()
  const errors = result.errors ?? []
  const page = kind === 'catalog' ? ('/dashboard/tenants/$tenantId/catalog' as const) : ('/dashboard/tenants/$tenantId/events' as const)
  return (
    <div className="flex flex-col gap-5">
      <p role="status" className="font-medium">The file is imported.</p>
      <StatRow>
        {COUNTS[kind].map(([name, label]) => (
          <StatCard key={name} label={label} value={number((result[name] as number | undefined) ?? 0)} />
        ))}
      </StatRow>
      {(result.reading ?? []).length > 0 && <p className="max-w-prose text-muted">{result.reading?.join(' ')}</p>}
      <div>
        <LinkButton variant="primary" to={page} params={{ tenantId: id }}>
          {kind === 'catalog' ? 'See the catalog' : 'See the events'}
        </LinkButton>
      </div>
      {errors.length > 0 && (
        <Section title="Rejected rows" intro="The other rows are stored. Mend these and import them by themselves.">
          <Faults errors={errors} count={result.rejected ?? errors.length} />
        </Section>
      )}
    </div>
  )
}
