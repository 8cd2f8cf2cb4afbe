// The OpenID Connect server: discovery, login and consent, tokens.
import { createHash } from 'node:crypto'
import { type Context, Hono } from 'hono'
import { html } from 'hono/html'
import type { Child } from 'hono/jsx'
import type { Ports } from '../../../src/core/ports.ts'
import { personByEmail, type State } from './state.ts'
import { publicKey, type Tokens } from './tokens.ts'

export type Client = {
  clientId: string
  clientSecret: string
  redirectUris: string[]
  name: string
}

const SCOPES = ['openid', 'profile', 'offline_access', 'user_api.full_access']
const CODE_MS = 5 * 60_000

type Code = {
  clientId: string
  redirectUri: string
  scope: string
  challenge: string | null
  saltoUserId: string
  expiresAt: number
}

export const identityRoutes = (deps: {
  issuer: string
  clients: Client[]
  state: State
  tokens: Tokens
  ports: Ports
}) => {
  const { issuer, clients, state, tokens, ports } = deps
  const codes = new Map<string, Code>()
  /** Who has just given the right password; good for one consent. */
  const logins = new Map<string, string>()
  const unguessable = () => Buffer.from(ports.random.bytes(24)).toString('base64url')

  const app = new Hono()

  app.use(async (c, next) => {
    await next()
    c.header('X-Frame-Options', 'DENY')
    c.header('Content-Security-Policy', "frame-ancestors 'none'")
    c.header('Cache-Control', 'no-store')
  })

  app.get('/.well-known/openid-configuration', (c) =>
    c.json({
      issuer,
      authorization_endpoint: `${issuer}/connect/authorize`,
      token_endpoint: `${issuer}/connect/token`,
      userinfo_endpoint: `${issuer}/connect/userinfo`,
      end_session_endpoint: `${issuer}/connect/endsession`,
      revocation_endpoint: `${issuer}/connect/revocation`,
      jwks_uri: `${issuer}/.well-known/openid-configuration/jwks`,
      scopes_supported: SCOPES,
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code', 'refresh_token', 'password'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
      id_token_signing_alg_values_supported: ['RS256'],
      subject_types_supported: ['public'],
    }),
  )

  app.get('/.well-known/openid-configuration/jwks', async (c) =>
    c.json({ keys: [await publicKey()] }),
  )

  /** The request all three steps carry along in their query, or what is wrong with it. */
  const authorizeRequest = (c: Context) => {
    const client = clients.find(({ clientId }) => clientId === c.req.query('client_id'))
    const redirectUri = c.req.query('redirect_uri') ?? ''
    if (!client) return 'This client is not known.'
    if (!client.redirectUris.includes(redirectUri))
      return 'This redirect address is not registered.'
    const back = (answer: Record<string, string>) => {
      const url = new URL(redirectUri)
      for (const [name, value] of Object.entries(answer)) url.searchParams.set(name, value)
      const stateParam = c.req.query('state')
      if (stateParam !== undefined) url.searchParams.set('state', stateParam)
      return c.redirect(url.href, 302)
    }
    const scope = c.req.query('scope') ?? ''
    const challenge = c.req.query('code_challenge') ?? null
    let error: string | null = null
    if (c.req.query('response_type') !== 'code') error = 'unsupported_response_type'
    if (!scope.split(' ').every((each) => SCOPES.includes(each))) error = 'invalid_scope'
    if (challenge !== null && c.req.query('code_challenge_method') !== 'S256') {
      error = 'invalid_request'
    }
    return { client, redirectUri, scope, challenge, back, error, query: new URL(c.req.url).search }
  }

  app.get('/connect/authorize', (c) => {
    const request = authorizeRequest(c)
    if (typeof request === 'string') return show(c, <Failure message={request} />, 400)
    if (request.error) return request.back({ error: request.error })
    return show(c, <Login query={request.query} email={c.req.query('login_hint') ?? ''} />)
  })

  app.post('/account/login', async (c) => {
    const request = authorizeRequest(c)
    if (typeof request === 'string') return show(c, <Failure message={request} />, 400)
    const form = await c.req.formData()
    const email = String(form.get('email') ?? '')
    const person = personByEmail(state, email)
    if (person?.password == null || person.password !== form.get('password')) {
      const page = <Login query={request.query} email={email} error="Invalid e-mail or password" />
      return show(c, page, 422)
    }
    const login = unguessable()
    logins.set(login, person.saltoUserId)
    return show(
      c,
      <Consent query={request.query} login={login} client={request.client.name} email={email} />,
    )
  })

  app.post('/account/consent', async (c) => {
    const request = authorizeRequest(c)
    if (typeof request === 'string') return show(c, <Failure message={request} />, 400)
    const form = await c.req.formData()
    const login = String(form.get('login'))
    const saltoUserId = logins.get(login)
    if (!saltoUserId) return show(c, <Failure message="Please log in again." />, 400)
    logins.delete(login)
    if (form.get('decision') !== 'allow') return request.back({ error: 'access_denied' })
    const { redirectUri, scope, challenge } = request
    const code = unguessable()
    codes.set(code, {
      clientId: request.client.clientId,
      redirectUri,
      scope,
      challenge,
      saltoUserId,
      expiresAt: state.now() + CODE_MS,
    })
    return request.back({ code, scope })
  })

  app.post('/connect/token', async (c) => {
    const form = await c.req.formData()
    const field = (name: string) => String(form.get(name) ?? '')
    const clientId = authenticatedClient(c, clients, field)
    if (!clientId) return c.json({ error: 'invalid_client' }, 400)
    switch (field('grant_type')) {
      case 'authorization_code': {
        const code = codes.get(field('code'))
        codes.delete(field('code'))
        const isGood =
          code !== undefined &&
          code.clientId === clientId &&
          code.redirectUri === field('redirect_uri') &&
          code.expiresAt > state.now() &&
          (code.challenge === null || code.challenge === challengeOf(field('code_verifier')))
        if (!isGood) return c.json({ error: 'invalid_grant' }, 400)
        return c.json(await tokens.issue(newGrant(clientId, code.saltoUserId, code.scope)))
      }
      case 'refresh_token': {
        const response = await tokens.refresh(field('refresh_token'), clientId)
        return response ? c.json(response) : c.json({ error: 'invalid_grant' }, 400)
      }
      case 'password': {
        if (field('scope') !== 'user_api.full_access') {
          return c.json({ error: 'invalid_scope' }, 400)
        }
        const person = personByEmail(state, field('username'))
        if (person?.password == null || person.password !== field('password')) {
          return c.json({ error: 'invalid_grant' }, 400)
        }
        return c.json(await tokens.issue(newGrant(clientId, person.saltoUserId, field('scope'))))
      }
    }
    return c.json({ error: 'unsupported_grant_type' }, 400)
  })

  const newGrant = (clientId: string, saltoUserId: string, scope: string) => ({
    clientId,
    saltoUserId,
    scope,
    authenticatedAt: Math.floor(state.now() / 1000),
  })

  app.post('/connect/revocation', async (c) => {
    const form = await c.req.formData()
    const field = (name: string) => String(form.get(name) ?? '')
    const clientId = authenticatedClient(c, clients, field)
    if (!clientId) return c.json({ error: 'invalid_client' }, 400)
    tokens.revoke(field('token'), clientId)
    return c.body(null, 200)
  })

  app.get('/connect/userinfo', (c) => {
    const grant = tokens.find((c.req.header('Authorization') ?? '').replace(/^Bearer /, ''))
    const person = grant && state.people.get(grant.saltoUserId)
    if (!person) return c.body(null, 401, { 'WWW-Authenticate': 'Bearer error="invalid_token"' })
    return c.json({
      sub: person.subject,
      name: `${person.firstName} ${person.lastName}`,
      given_name: person.firstName,
      family_name: person.lastName,
      email: person.email,
    })
  })

  app.get('/connect/endsession', (c) => {
    const uri = c.req.query('post_logout_redirect_uri')
    if (uri && clients.some(({ redirectUris }) => redirectUris.includes(uri))) {
      return c.redirect(uri, 302)
    }
    return show(c, <Frame title="Logged out">You are logged out.</Frame>)
  })

  return app
}

const authenticatedClient = (c: Context, clients: Client[], field: (name: string) => string) => {
  const [, basic] = /^Basic (.+)$/.exec(c.req.header('Authorization') ?? '') ?? []
  const [id, secret] = basic
    ? Buffer.from(basic, 'base64').toString().split(':').map(decodeURIComponent)
    : [field('client_id'), field('client_secret')]
  const client = clients.find(({ clientId }) => clientId === id)
  return client && client.clientSecret === secret ? client.clientId : null
}

const show = (c: Context, page: Child, status: 200 | 400 | 422 = 200) =>
  c.html(html`<!doctype html>${page}`, status)

const challengeOf = (verifier: string) => createHash('sha256').update(verifier).digest('base64url')

const Frame = ({ title, children }: { title: string; children?: Child }) => (
  <html lang="en">
    <head>
      <title>{`${title} · SALTO KS (played locally)`}</title>
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <link rel="stylesheet" href="/app/style.css" />
    </head>
    <body>
      <header>
        <strong>SALTO KS</strong> (played locally)
      </header>
      <main>
        <h1>{title}</h1>
        {children}
      </main>
    </body>
  </html>
)

const Failure = ({ message }: { message: string }) => <Frame title="Error">{message}</Frame>

const Login = ({ query, email, error }: { query: string; email: string; error?: string }) => (
  <Frame title="Log in">
    {error && <p role="alert">{error}</p>}
    <form method="post" action={`/identity/account/login${query}`}>
      <label>
        E-mail <input type="email" name="email" value={email} required />
      </label>
      <label>
        Password <input type="password" name="password" required />
      </label>
      <button type="submit">Log in</button>
    </form>
  </Frame>
)

const Consent = (props: { query: string; login: string; client: string; email: string }) => (
  <Frame title={`Connect with ${props.client}?`}>
    <p>
      {props.client} asks to use SALTO KS as {props.email}: to see and change the sites you manage.
    </p>
    <form method="post" action={`/identity/account/consent${props.query}`}>
      <input type="hidden" name="login" value={props.login} />
      <button type="submit" name="decision" value="allow">
        Allow
      </button>
      <button type="submit" name="decision" value="deny">
        Deny
      </button>
    </form>
  </Frame>
)
