/** All features: their pages, by what they are below (see app/parents.tsx), and their lines in the sidebar. */
import * as account from '@/features/account/routes'
import * as analytics from '@/features/analytics/routes'
import * as audit from '@/features/audit/routes'
import * as catalog from '@/features/catalog/routes'
import * as entry from '@/features/entry/routes'
import * as events from '@/features/events/routes'
import * as experiments from '@/features/experiments/routes'
import * as imports from '@/features/imports/routes'
import * as integration from '@/features/integration/routes'
import * as jobs from '@/features/jobs/routes'
import * as keys from '@/features/keys/routes'
import * as members from '@/features/members/routes'
import * as models from '@/features/models/routes'
import * as playground from '@/features/playground/routes'
import * as setup from '@/features/setup/routes'
import * as shoppers from '@/features/shoppers/routes'
import * as tenants from '@/features/tenants/routes'
import * as widgets from '@/features/widgets/routes'

/** Below `tenantRoute`. */
export const tenantRoutes = [
  ...account.routes,
  ...analytics.routes,
  ...audit.routes,
  ...catalog.routes,
  ...entry.routes,
  ...events.routes,
  ...experiments.routes,
  ...imports.routes,
  ...integration.routes,
  ...jobs.routes,
  ...keys.routes,
  ...members.routes,
  ...models.routes,
  ...playground.routes,
  ...setup.routes,
  ...shoppers.routes,
  ...tenants.routes,
  ...widgets.routes,
] as const

/** Below `dashboardRoute`. */
export const dashboardRoutes = [
  ...account.dashboardRoutes,
  ...analytics.dashboardRoutes,
  ...audit.dashboardRoutes,
  ...catalog.dashboardRoutes,
  ...entry.dashboardRoutes,
  ...events.dashboardRoutes,
  ...experiments.dashboardRoutes,
  ...imports.dashboardRoutes,
  ...integration.dashboardRoutes,
  ...jobs.dashboardRoutes,
  ...keys.dashboardRoutes,
  ...members.dashboardRoutes,
  ...models.dashboardRoutes,
  ...playground.dashboardRoutes,
  ...setup.dashboardRoutes,
  ...shoppers.dashboardRoutes,
  ...tenants.dashboardRoutes,
  ...widgets.dashboardRoutes,
] as const

/** Below `rootRoute`: outside the dashboard's frame. */
export const rootRoutes = [
  ...account.rootRoutes,
  ...analytics.rootRoutes,
  ...audit.rootRoutes,
  ...catalog.rootRoutes,
  ...entry.rootRoutes,
  ...events.rootRoutes,
  ...experiments.rootRoutes,
  ...imports.rootRoutes,
  ...integration.rootRoutes,
  ...jobs.rootRoutes,
  ...keys.rootRoutes,
  ...members.rootRoutes,
  ...models.rootRoutes,
  ...playground.rootRoutes,
  ...setup.rootRoutes,
  ...shoppers.rootRoutes,
  ...tenants.rootRoutes,
  ...widgets.rootRoutes,
] as const

export const nav = [
  ...account.nav,
  ...analytics.nav,
  ...audit.nav,
  ...catalog.nav,
  ...entry.nav,
  ...events.nav,
  ...experiments.nav,
  ...imports.nav,
  ...integration.nav,
  ...jobs.nav,
  ...keys.nav,
  ...members.nav,
  ...models.nav,
  ...playground.nav,
  ...setup.nav,
  ...shoppers.nav,
  ...tenants.nav,
  ...widgets.nav,
]
