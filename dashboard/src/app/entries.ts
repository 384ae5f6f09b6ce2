import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { SECTIONS, type NavEntry } from '@/app/nav'
import { nav } from '@/features'
import { tenantQuery } from '@/features/tenants/api'
import { includes } from '@/features/tenants/roles'

const SORTED = [...nav].sort((a, b) => SECTIONS.indexOf(a.section) - SECTIONS.indexOf(b.section) || a.order - b.order)

/** The pages of a tenant that are of use to whoever looks, in the sidebar's order; none where there is no tenant. */
export function useEntries(tenantId = ''): readonly NavEntry[] {
  const { data: tenant } = useQuery({ ...tenantQuery(tenantId), enabled: false }) // its pages load it
  const has = tenant?.role
  return useMemo(() => {
    if (tenantId === '') return []
    return SORTED.filter(({ role }) => role === undefined || (has !== undefined && includes(has, role)))
  }, [tenantId, has])
}
