// Where SALTO KS is; regions and sandboxes differ in their hosts.
export type SaltoSettings = {
  clientId: string
  clientSecret: string
  /** Connect API, without a version. */
  apiUrl: string
  /** OpenID Connect. */
  identityUrl: string
  /** The web app, for links. */
  appUrl: string
}
