import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { Badge } from '@/components/Badge'
import { Button } from '@/components/Button'
import { SelectField } from '@/components/ChoiceFields'
import { DataTable, type Column } from '@/components/DataTable'
import { EmptyState } from '@/components/EmptyState'
import { ErrorState } from '@/components/ErrorState'
import { date } from '@/components/format'
import { Loading } from '@/components/Loading'
import { Page } from '@/components/Page'
import { SearchField } from '@/components/SearchField'
import { tenantsQuery, type Tenant } from '@/features/tenants/api'
import { CreateTenant } from '@/features/tenants/CreateTenant'
import { tenantsRoute } from '@/features/tenants/routes'
import { StatusSwitch } from '@/features/tenants/StatusSwitch'

const MANY = 200

export function TenantsPage() {
  const { q, status } = tenantsRoute.useSearch()
  const { data, error, refetch } = useQuery(tenantsQuery)
  const [isCreating, setCreating] = useState(false)
  const rows = useMemo(
    () =>
      data?.filter(
        (tenant) =>
          (status === undefined || tenant.status === status) &&
          (q === undefined || tenant.name.toLowerCase().includes(q.toLowerCase()) || tenant.id === q),
      ),
    [data, q, status],
  )
  return (
    <Page
      title="Tenants"
      intro="Each is one shop, with members and keys of its own."
      actions={
        <Button variant="primary" onClick={() => setCreating(true)}>
          Create a tenant
        </Button>
      }
    >
      <Filters />
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : rows === undefined ? (
        <Loading />
      ) : (
        <DataTable
          label="Tenants"
          columns={COLUMNS}
          rows={rows}
          rowKey={(tenant) => tenant.id}
          virtual={rows.length > MANY}
          empty={
            data?.length === 0 ? (
              <EmptyState title="No tenants yet" body="Create the first one, or ask a colleague to invite you to theirs." />
            ) : (
              <EmptyState title="Nothing found" body="No tenant has this name and status. Search for a part of the name, or for a whole id." />
            )
          }
        />
      )}
      <CreateTenant isOpen={isCreating} onClose={() => setCreating(false)} />
    </Page>
  )
}

function Filters() {
  const { q, status } = tenantsRoute.useSearch()
  const navigate = useNavigate()
  const set = (next: object) => void navigate({ to: '.', search: (old) => ({ ...old, ...next }), replace: true })
  return (
    <div className="flex flex-wrap gap-3">
      <SearchField label="Search tenants" value={q ?? ''} onChange={(typed) => set({ q: typed || undefined })} className="w-full sm:w-72" />
      <SelectField
        label="Status"
        hideLabel
        value={status ?? ''}
        placeholder="Any status"
        options={[
          { value: 'active', label: 'Active' },
          { value: 'suspended', label: 'Suspended' },
        ]}
        onChange={(chosen) => set({ status: chosen || undefined })}
        className="w-40"
      />
    </div>
  )
}

const COLUMNS: Column<Tenant>[] = [
  {
    id: 'name',
    header: 'Name',
    sort: (tenant) => tenant.name.toLowerCase(),
    cell: (tenant) => (
      <Link to="/dashboard/tenants/$tenantId" params={{ tenantId: tenant.id }} className="font-medium break-words text-accent hover:underline">
        {tenant.name}
      </Link>
    ),
  },
  {
    id: 'status',
    header: 'Status',
    sort: (tenant) => tenant.status,
    cell: (tenant) => <Badge tone={tenant.status === 'active' ? 'good' : 'warn'}>{tenant.status}</Badge>,
  },
  { id: 'role', header: 'Your role', isWideOnly: true, sort: (tenant) => tenant.role, cell: (tenant) => tenant.role },
  {
    id: 'created',
    header: 'Created',
    isWideOnly: true,
    sort: (tenant) => tenant.createdAt,
    cell: (tenant) => <span className="whitespace-nowrap">{date(tenant.createdAt)}</span>,
  },
  { id: 'actions', header: 'Actions', align: 'end', cell: (tenant) => <StatusSwitch tenant={tenant} /> },
]
