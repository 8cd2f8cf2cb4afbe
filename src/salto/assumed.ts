// What nobody has confirmed about SALTO KS, one name each, so that being wrong is one change here.
import type { Refused } from '../core/errors.ts'
import type { SiteId } from '../core/ids.ts'
import type { Tag } from '../core/model.ts'

export const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']

/** A2: a client id or secret that is not accepted, when it is told by 400; 401 says it as well. */
export const CLIENT_REFUSED = 'invalid_client'

/** A5: v1.2 has no time schedules; of these others, too, only v1.1 is known for certain. */
export const versionOf = (path: string): string =>
  /\/(me|tags|keys|time_schedules)\b|\/users\/[^/]+\/access_groups$/.test(path) ? 'v1.1' : 'v1.2'

/** A6: this `tag_id` takes the tag off; `''` would be the other candidate. */
export const NO_TAG = null

/** A7: a tag nobody holds may be handed out, unless it is blocked or belongs to a pod. */
export const isFreeTag = (tag: Tag): boolean => !tag.holder && !tag.blocked && !tag.podTag

/** A12: adding twice is no error; should it be one, these are looked into. */
export const mayMeanInsideAlready = ({ status }: Refused): boolean =>
  status === 400 || status === 409

/** A14: dates are the site's wall clock; an offset in an answer means nothing. */
export const withoutOffset = (dateTime: string): string => dateTime.slice(0, 19)

/** A14: exact edges go into the dates; hours of the day would repeat daily. Null means no edge. */
export const scheduleBody = (window: { startLocal: string | null; endLocal: string | null }) => ({
  ...Object.fromEntries(DAYS.map((day) => [day, true])),
  start_time: '00:00:00',
  end_time: '23:59:59',
  start_date: window.startLocal,
  end_date: window.endLocal,
})

/** A16: the role that opens doors with the app; where it is not offered, the e-mail has to do. */
export const APP_ROLE = 'site_mobile_user'

/** A17: longer names are cut. */
export const NAME_MAX = 255

/** A22: for about two minutes after a user was made, calls about them may say this. */
export const isNotYetThere = ({ status, code }: Refused): boolean =>
  (status === 404 && code === '2202') || (status === 403 && code === '2203')

/** A24: a PIN may live from a day to a year, a little less than that on both sides. In UTC. */
export const pinExpiry = (wanted: Date, now: Date): string => {
  const within = (days: number, hours: number) => now.getTime() + (days * 24 + hours) * 3600_000
  return new Date(Math.min(Math.max(wanted.getTime(), within(1, 1)), within(365, -1))).toISOString()
}

/** A23: where the web app shows what happened at the doors of a site. */
export const eventsUrl = (appUrl: string, siteId: SiteId): string =>
  `${appUrl}/sites/${encodeURIComponent(siteId)}/events`
