// drizzle-kit reads tables from the exports, one by one.
import { liteKit } from './kit.ts'
import { defineTables } from './tables.ts'

export const tables = defineTables(liteKit)
export const {
  spaces,
  connections,
  sites,
  plans,
  memberships,
  resources,
  bookings,
  locks,
  accessGroups,
  tags,
  siteUsers,
  planGroups,
  resourceDoors,
  pairings,
  groupPlaces,
  bookingGroups,
  tagHolders,
  work,
  budgets,
  problems,
  audit,
  webhookSubscriptions,
  authorizations,
  sessions,
} = tables
