// A played SALTO KS behind msw, with one site, its owner and a client of ours.
import { HttpResponse, http } from 'msw'
import { setupServer } from 'msw/node'
import { asId, type RoleId, type SiteId } from '../../src/core/ids.ts'
import { createSalto } from '../../src/salto/client.ts'
import { createSaltoOAuth } from '../../src/salto/oauth.ts'
import { createSaltoSimulator } from '../simulators/salto/simulator.ts'
import { seededRandom, virtualClock } from '../support/clock.ts'

export const ORIGIN = 'https://salto-ks.example'
export const REDIRECT = 'https://salto.example/oauth/salto/callback'
export const OWNER = { email: 'ada@loft.example', password: 'pass-word' }

export const settings = {
  clientId: 'client:1',
  clientSecret: 'secret/1',
  apiUrl: `${ORIGIN}/connect`,
  identityUrl: `${ORIGIN}/identity`,
  appUrl: `${ORIGIN}/app`,
}

export const createWorld = () => {
  const clock = virtualClock('2026-03-02T09:00:00Z')
  const ports = { clock, random: seededRandom(5), fetch: (request: Request) => fetch(request) }
  const { clientId, clientSecret } = settings
  const client = { clientId, clientSecret, redirectUris: [REDIRECT], name: 'Cobot add-on' }
  const ks = createSaltoSimulator({ origin: ORIGIN, ports, clients: [client] })
  const server = setupServer(
    http.all(`${ORIGIN}/*`, ({ request }) => ks.handle(request).catch(() => HttpResponse.error())),
  )
  const ownerId = ks.addUserProfile({ ...OWNER, firstName: 'Ada', lastName: 'Owner' })
  const site = { name: 'Loft', timeZone: 'Europe/Berlin', seats: 40, ownerId }
  const siteId = asId<SiteId>(ks.addSite(site))
  let accessToken = ''
  const salto = createSalto({
    settings,
    ports,
    accessToken: async () => {
      accessToken ||= (await ks.issueTokens(OWNER.email)).access_token
      return accessToken
    },
  })
  const roleIds = async (...codes: string[]): Promise<RoleId[]> =>
    (await salto.listRoles(siteId))
      .filter((role) => codes.includes(role.code))
      .map((role) => role.roleId)
  const addMia = async () =>
    salto.createSiteUser({
      siteId,
      firstName: 'Mia',
      lastName: 'Member',
      alias: 'Mia Member · C482913',
      roleIds: await roleIds('site_user'),
    })
  const oauth = createSaltoOAuth(settings, ports)
  return { clock, ks, server, ownerId, siteId, salto, oauth, roleIds, addMia }
}
