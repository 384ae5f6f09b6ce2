/** Pages of other features that this one leads to. */
type Pages = Record<'analytics' | 'imports' | 'integration' | 'models' | 'settings' | 'widgets', string>

export const PAGES: Pages = {
  analytics: '/dashboard/tenants/$tenantId/analytics',
  imports: '/dashboard/tenants/$tenantId/imports',
  integration: '/dashboard/tenants/$tenantId/integration',
  models: '/dashboard/tenants/$tenantId/models',
  settings: '/dashboard/tenants/$tenantId/settings',
  widgets: '/dashboard/tenants/$tenantId/widgets',
}
