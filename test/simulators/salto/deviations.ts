// Where the simulator knowingly differs from the vendor's description of Connect 1.1, and why. Each
// matches complaints of the contract checker that are therefore no news.

export const SALTO_DEVIATIONS: { why: string; complaint: RegExp }[] = [
  {
    why: 'the description has no success answer for a search, groups of a lock, DELETE of a schedule',
    complaint:
      /^GET \/v1\.[12]\/users\/search\S*: the contract knows no answer 200$|^GET \S+\/locks\/[^/]+\/access_groups\S*: the contract knows no answer 200$|^DELETE \S+\/time_schedules\/[^/]+: the contract knows no answer 204$/,
  },
  {
    why: 'a null beside a reference cannot be written in OpenAPI 3.0; floors, repeaters and the holder of a free tag are seen to be null',
    complaint: /\/(floor|repeater|easy_office_mode_schedule|site_user) must be object /,
  },
  {
    why: 'whether a new user is answered with 200 or 201 is not certain; a switch plays either',
    complaint: /^POST \S+\/users: the contract knows no answer 201$/,
  },
  {
    why: 'entries are seen to be paged by a continuation token',
    complaint: /"additionalProperty":"continuation_token"/,
  },
  {
    why: 'a user, tag or group that is not there is seen to be 404, also where only 403 is described',
    complaint: /: the contract knows no answer 404$/,
  },
]

/** The complaints that no deviation explains. */
export const unexplained = (complaints: string[]) =>
  complaints.filter((text) => !SALTO_DEVIATIONS.some(({ complaint }) => complaint.test(text)))
