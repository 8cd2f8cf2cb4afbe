// OAuth 2 with PKCE and OpenID Connect, on www and on every space's host.
import { createHash } from 'node:crypto'
import { type Context, Hono } from 'hono'
import * as jose from 'jose'
import { Layout, loggedIn, show } from './layout.tsx'
import { showLogin } from './login.tsx'
import { type Client, type Code, hexId, type Space, spaceBySubdomain, type User } from './state.ts'
import { spaceUrl, type World } from './world.ts'

const codeLivesMs = 60_000
const idTokenLivesSeconds = 600

/** The keys that sign id tokens; made when first needed, the previous one stays published. */
export const createKeys = () => {
  type Key = { kid: string; privateKey: CryptoKey; publicJwk: jose.JWK }
  let keys: Promise<Key[]> | null = null
  const make = async (number: number): Promise<Key> => {
    const { privateKey, publicKey } = await jose.generateKeyPair('RS256')
    const kid = `cobot-${number}`
    const publicJwk = { ...(await jose.exportJWK(publicKey)), kid, use: 'sig', alg: 'RS256' }
    return { kid, privateKey, publicJwk }
  }
  let made = 0
  const current = () => {
    keys ??= make(++made).then((key) => [key])
    return keys
  }
  return {
    current,
    rotateKey: async () => {
      const [previous] = await current()
      const key = await make(++made)
      keys = Promise.resolve(previous ? [key, previous] : [key])
    },
  }
}

type Keys = ReturnType<typeof createKeys>

export const oauth = (world: World, keys: Keys) =>
  new Hono().route('/www', onHost(world, keys)).route('/spaces/:subdomain', onHost(world, keys))

const onHost = (world: World, keys: Keys) => {
  const { state, ports, origin, clients } = world
  const www = `${origin}/www`
  const now = () => ports.clock.now()
  const spaceHere = (c: Context) => spaceBySubdomain(state, c.req.param('subdomain') ?? '')
  const hostOf = (space: Space | undefined) => (space ? spaceUrl(origin, space) : www)
  const issuerFor = (space: Space | undefined) => (state.issuer === 'www' ? www : hostOf(space))

  const handOverCode = (c: Context, request: AuthorizeRequest, user: User) => {
    const code: Code = {
      value: hexId(ports.random),
      clientId: request.client.clientId,
      userId: user.id,
      redirectUri: request.redirectUri,
      scopes: request.scopes,
      codeChallenge: request.codeChallenge,
      nonce: request.nonce,
      subdomain: spaceHere(c)?.subdomain ?? null,
      expiresAt: new Date(now().getTime() + codeLivesMs),
    }
    state.codes.set(code.value, code)
    return sendBack(c, request, { code: code.value })
  }

  const authorize = (c: Context, query: Record<string, string>) => {
    if (c.req.param('subdomain') && !spaceHere(c)) return c.text('There is no such space.', 404)
    const request = readRequest(clients, query)
    if (typeof request === 'string') return show(c, <ErrorPage problem={request} />, 400)
    const error = refusal(query)
    if (error) return sendBack(c, request, { error })
    return request
  }

  const signIdToken = async (code: Code) => {
    const [key] = await keys.current()
    if (!key) throw new Error('there is no key')
    const space = code.subdomain ? spaceBySubdomain(state, code.subdomain) : undefined
    const email = state.users.get(code.userId)?.email
    const issuedAt = Math.floor(now().getTime() / 1000)
    return new jose.SignJWT({
      ...(code.nonce ? { nonce: code.nonce } : {}),
      ...(code.scopes.includes('email') ? { email } : {}),
    })
      .setProtectedHeader({ alg: 'RS256', kid: key.kid })
      .setIssuer(issuerFor(space))
      .setAudience(code.clientId)
      .setSubject(code.userId)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + idTokenLivesSeconds)
      .sign(key.privateKey)
  }

  return new Hono()
    .get('/oauth/authorize', (c) => {
      const request = authorize(c, c.req.query())
      if (request instanceof Response || request instanceof Promise) return request
      const { pathname, search } = new URL(c.req.url)
      const here = pathname + search
      const user = loggedIn(c, world)
      if (!user) return showLogin(c, world, here)
      const approved = request.scopes.every((scope) =>
        state.approvals.has(`${user.id} ${request.client.clientId} ${scope}`),
      )
      if (approved) return handOverCode(c, request, user)
      const space = spaceHere(c)
      return show(c, <ConsentPage {...{ request, user, here }} spaceName={space?.name ?? null} />)
    })
    .post('/oauth/authorize', async (c) => {
      const request = authorize(c, c.req.query())
      if (request instanceof Response || request instanceof Promise) return request
      const user = loggedIn(c, world)
      if (!user) return c.redirect(c.req.url, 303)
      const { decision } = await c.req.parseBody()
      if (decision !== 'allow') return sendBack(c, request, { error: 'access_denied' })
      world.controls.approve(user.id, request.client.clientId, request.scopes)
      return handOverCode(c, request, user)
    })
    .post('/oauth/access_token', async (c) => {
      const form = await c.req.parseBody()
      const client = clients.find(({ clientId }) => clientId === form.client_id)
      if (!client || client.clientSecret !== form.client_secret) {
        return c.json({ error: 'invalid_client' }, 401)
      }
      if (form.grant_type !== 'authorization_code') {
        return c.json({ error: 'unsupported_grant_type' }, 400)
      }
      const code = state.codes.get(String(form.code))
      if (code) state.codes.delete(code.value)
      const isGood =
        code?.clientId === client.clientId &&
        code.expiresAt > now() &&
        (form.redirect_uri === undefined || form.redirect_uri === code.redirectUri) &&
        (code.codeChallenge === null || code.codeChallenge === challengeOf(form.code_verifier))
      if (!isGood) return c.json({ error: 'invalid_grant' }, 400)
      const { userId, clientId, scopes } = code
      return c.json({
        access_token: world.controls.issueToken({ userId, clientId, scopes }),
        token_type: 'bearer',
        ...(scopes.includes('openid') ? { id_token: await signIdToken(code) } : {}),
      })
    })
    .get('/.well-known/openid-configuration', (c) => {
      const host = hostOf(spaceHere(c))
      return c.json({
        issuer: issuerFor(spaceHere(c)),
        authorization_endpoint: `${host}/oauth/authorize`,
        token_endpoint: `${www}/oauth/access_token`,
        userinfo_endpoint: `${www}/api/userinfo`,
        jwks_uri: `${host}/jwks.json`,
        scopes_supported: ['openid', 'email', 'profile'],
        claims_supported: ['sub', 'email', 'iss', 'profile'],
        response_types_supported: ['code'],
        grant_types_supported: ['authorization_code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
        code_challenge_methods_supported: ['S256'],
        token_endpoint_auth_methods_supported: ['none'],
      })
    })
    .get('/jwks.json', async (c) =>
      c.json({ keys: (await keys.current()).map(({ publicJwk }) => publicJwk) }),
    )
}

type AuthorizeRequest = {
  client: Client
  redirectUri: string
  scopes: string[]
  state: string | null
  codeChallenge: string | null
  nonce: string | null
}

/** What was asked for, or why nobody can be sent back. */
const readRequest = (
  clients: Client[],
  query: Record<string, string>,
): AuthorizeRequest | string => {
  const client = clients.find(({ clientId }) => clientId === query.client_id)
  if (!client) return 'This client is not registered.'
  const redirectUri = query.redirect_uri ?? client.redirectUris[0] ?? ''
  if (!client.redirectUris.includes(redirectUri)) return 'The redirect address is not registered.'
  return {
    client,
    redirectUri,
    scopes: (query.scope ?? '').split(' ').filter((scope) => scope !== ''),
    state: query.state ?? null,
    codeChallenge: query.code_challenge ?? null,
    nonce: query.nonce ?? null,
  }
}

const refusal = (query: Record<string, string>) => {
  if (query.response_type !== 'code') return 'unsupported_response_type'
  if (!query.scope) return 'invalid_scope'
  if (query.code_challenge && query.code_challenge_method !== 'S256') return 'invalid_request'
  return null
}

const sendBack = (c: Context, request: AuthorizeRequest, answer: Record<string, string>) => {
  const url = new URL(request.redirectUri)
  for (const [name, value] of Object.entries(answer)) url.searchParams.set(name, value)
  if (request.state !== null) url.searchParams.set('state', request.state)
  return c.redirect(url.href, 302)
}

const challengeOf = (verifier: unknown) =>
  typeof verifier === 'string' ? createHash('sha256').update(verifier).digest('base64url') : ''

const ConsentPage = ({
  request,
  user,
  here,
  spaceName,
}: {
  request: AuthorizeRequest
  user: User
  here: string
  spaceName: string | null
}) => (
  <Layout title="Allow access" user={user} here={here}>
    <main class="narrow">
      <h1>
        {request.client.name} wants access to {spaceName ?? 'your Cobot account'}
      </h1>
      <p>It asks to use, in your name:</p>
      <ul class="scopes">
        {request.scopes.map((scope) => (
          <li>
            <code>{scope}</code>
          </li>
        ))}
      </ul>
      <form method="post" action={here}>
        <button type="submit" name="decision" value="allow">
          Allow
        </button>{' '}
        <button type="submit" name="decision" value="deny" class="quiet">
          Deny
        </button>
      </form>
    </main>
  </Layout>
)

const ErrorPage = ({ problem }: { problem: string }) => (
  <Layout title="Not possible" user={null} here="/">
    <main class="narrow">
      <h1>Not possible</h1>
      <p role="alert">{problem}</p>
    </main>
  </Layout>
)
