// Where Cobot is. All three addresses are settings, so that the local simulator can stand in.
export type CobotSettings = {
  clientId: string
  clientSecret: string
  /** OAuth, users, spaces, access tokens. */
  cobotUrl: string
  /** A space's own host; `{subdomain}` stands in the host or in the path. */
  spaceUrl: string
  /** API 2. */
  apiUrl: string
}

export const spaceUrlOf = (settings: CobotSettings, subdomain: string): string =>
  settings.spaceUrl.replace('{subdomain}', encodeURIComponent(subdomain))
