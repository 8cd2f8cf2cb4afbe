// Where the played Cobot knowingly differs from the vendor's description of API 2. Successes are held
// against it without exception. Refusals are not described, though real ones occur: these are ours.

export const undescribedRefusals: Record<number, string> = {
  401: 'described for no call; a token that is unknown or was revoked must be refused somehow',
  402: 'described for external bookings only; API 1 says it for a suspended space, so do we',
  403: 'described for no call; scopes and roles are said to be enforced',
  404: 'described for three calls only; deleted things have to be gone',
  406: 'not described; the guide asks for the media type, so its absence should be noticed early',
  422: 'described for writing only; the two filters of a list are said to be required',
  429: 'described for no call; the limits are stated in the introduction',
}

// Not played, because the add-on does not use it: writing through API 2, `fields[…]`, `memberOf` and
// `memberships` of the user, included events, custom domains, `notify_existing` of subscriptions.
