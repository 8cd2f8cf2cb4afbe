// As much of the package as the counterpart uses; it brings no types.
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http'

  type Kept = {
    accountId: string
    clientId: string
    grantId: string
    scope: string
    consumed?: unknown
    destroy(): Promise<void>
  }
  type Store<T> = { find(value: string): Promise<T | undefined> }
  type Details = { params: { client_id: string; scope: string } }

  export default class Provider {
    constructor(issuer: string, configuration: object)
    callback(): (req: IncomingMessage, res: ServerResponse) => Promise<void>
    interactionDetails(req: IncomingMessage, res: ServerResponse): Promise<Details>
    interactionFinished(req: IncomingMessage, res: ServerResponse, result: object): Promise<void>
    Client: Store<object>
    RefreshToken: Store<Kept>
    AccessToken: Store<Kept> & (new (of: object) => { save(): Promise<string> })
    Grant: new (
      of: object,
    ) => { addOIDCScope(scope: string): void; save(): Promise<string> }
  }
}

declare module 'oidc-provider/lib/adapters/memory_adapter.js' {
  export default class MemoryAdapter {}
}
