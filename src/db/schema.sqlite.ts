// drizzle-kit reads tables from the exports, one by one.
import { liteKit } from './kit.ts'
import { defineTables } from './tables.ts'

export const tables = defineTables(liteKit)
export const { spaces, connections, sites, snapshots, memberships, bookings } = tables
export const { receipts, receiptLines } = tables
export const { planGroups, resourceDoors, pairings, groupPlaces, bookingGroups } = tables
export const { tagHolders, guard, work, budgets, problems, audit, authorizations, sessions } =
  tables
