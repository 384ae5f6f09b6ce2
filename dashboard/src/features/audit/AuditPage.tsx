import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { SelectField } from '@/components/ChoiceFields'
import { DataTable, type Column } from '@/components/DataTable'
import { EmptyState } from '@/components/EmptyState'
import { ErrorState } from '@/components/ErrorState'
import { dateTime } from '@/components/format'
import { Loading } from '@/components/Loading'
import { Page } from '@/components/Page'
import { auditQuery, type AuditLine } from '@/features/audit/api'
import { auditRoute } from '@/features/audit/routes'
import { membersQuery } from '@/features/members/api'
import { useTenant } from '@/features/tenants/current'

export function AuditPage() {
  const { id } = useTenant()
  const filters = auditRoute.useSearch()
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(auditQuery(id, filters))
  const isFiltered = filters.action !== undefined || filters.adminId !== undefined
  return (
    <Page title="Audit log" intro="Who changed what of this shop, and from where, the newest first.">
      <Filters />
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <Loading />
      ) : (
        <DataTable
          label="Audit log"
          columns={COLUMNS}
          rows={data}
          rowKey={(line) => String(line.id)}
          empty={
            isFiltered ? (
              <EmptyState title="Nothing found" body="Nobody did this here. Choose another member or another kind of action." />
            ) : (
              <EmptyState title="Nothing yet" body="Whatever members change stands here." />
            )
          }
          onMore={hasNextPage ? () => void fetchNextPage() : undefined}
          isLoadingMore={isFetchingNextPage}
        />
      )}
    </Page>
  )
}

/** The part of an action before its point. */
const SUBJECTS = [
  { value: 'tenant', label: 'Tenant' },
  { value: 'member', label: 'Members' },
  { value: 'invitation', label: 'Invitations' },
  { value: 'key', label: 'Keys' },
  { value: 'experiment', label: 'Experiments' },
  { value: 'widget', label: 'Widgets' },
  { value: 'model', label: 'Model' },
  { value: 'robot', label: 'Robots' },
  { value: 'job', label: 'Jobs' },
]

function Filters() {
  const { id } = useTenant()
  const { action, adminId } = auditRoute.useSearch()
  const { data: members } = useInfiniteQuery(membersQuery(id))
  const navigate = useNavigate()
  const set = (next: object) => void navigate({ to: '.', search: (old) => ({ ...old, ...next }), replace: true })
  return (
    <div className="flex flex-wrap gap-3">
      <SelectField
        label="Kind of action"
        hideLabel
        value={action ?? ''}
        placeholder="Any action"
        options={SUBJECTS}
        onChange={(chosen) => set({ action: chosen || undefined })}
        className="w-44"
      />
      <SelectField
        label="Member"
        hideLabel
        value={adminId ?? ''}
        placeholder="Anybody"
        options={(members ?? []).map((member) => ({ value: member.adminId, label: member.name || member.email }))}
        onChange={(chosen) => set({ adminId: chosen || undefined })}
        className="w-56"
      />
    </div>
  )
}

const COLUMNS: Column<AuditLine>[] = [
  {
    id: 'at',
    header: 'When',
    cell: (line) => <time dateTime={line.at} className="sm:whitespace-nowrap">{dateTime(line.at)}</time>,
  },
  {
    id: 'action',
    header: 'What',
    cell: (line) => (
      <>
        <span className="block font-medium break-words">{inWords(line.action)}</span>
        <Change line={line} />
      </>
    ),
  },
  { id: 'who', header: 'Who', isWideOnly: true, cell: (line) => <span className="break-all">{line.adminEmail}</span> },
  { id: 'address', header: 'From', isWideOnly: true, cell: (line) => <code className="font-mono text-xs">{line.address}</code> },
]

/** `member.role_changed` as "Member role changed". */
const inWords = (action: string): string => {
  const words = action.replace(/[._]/g, ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** What it was about, and what was there before and after, where there is something to say. */
function Change({ line: { subject, before, after, adminEmail } }: { line: AuditLine }) {
  const parts = [
    ['Subject', subject],
    ['Before', before],
    ['After', after],
  ].filter(([, value]) => value !== null && value !== undefined)
  return (
    <details className="text-sm">
      <summary className="text-muted">Details</summary>
      <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-3 pt-1 font-mono text-xs">
        {parts.map(([label, value]) => (
          <div key={String(label)} className="contents">
            <dt className="text-muted">{String(label)}</dt>
            <dd className="break-all whitespace-pre-wrap">{typeof value === 'string' ? value : JSON.stringify(value, null, 1)}</dd>
          </div>
        ))}
        <div className="contents md:hidden">
          <dt className="text-muted">Who</dt>
          <dd className="break-all">{adminEmail}</dd>
        </div>
      </dl>
    </details>
  )
}
