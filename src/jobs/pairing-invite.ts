// *Invite to app*: the only thing of ours that makes SALTO write to somebody. An admin's fact, done
// once (R18); who has the address already is not written to again.
import { Refused } from '../core/errors.ts'
import type { SiteUser } from '../core/model.ts'
import { APP_ROLE } from '../salto/assumed.ts'
import { type Person, storePairing } from './reconcile-pairing.ts'
import type { Look } from './run.ts'

export const invite = async (look: Look, person: Person, siteUser: SiteUser): Promise<void> => {
  const { pairing, subject, name, email } = person
  if (pairing.invite !== 'asked' || person.hasEnded) return
  const { siteId } = pairing
  const { siteUserId, hasProfile, roles } = siteUser
  const told = { name, email: email ?? '', what: email ? 'invite' : 'inviteNobody' }
  if (!email) return look.problem('P15', `${subject}:invite`, told)
  const isWritten = hasProfile || siteUser.email?.toLowerCase() === email.toLowerCase()
  const role = (await look.ks.listRoles(siteId)).find(({ code }) => code === APP_ROLE)
  const isMissing = role && !roles.some(({ roleId }) => roleId === role.roleId)
  const roleIds = isMissing ? [...roles, role].map(({ roleId }) => roleId) : null
  look.because('admin invited')
  try {
    const change = { ...(!isWritten && { email }), ...(roleIds && { roleIds }) }
    if (!isWritten || roleIds) await look.ksWrite.updateSiteUser({ siteId, siteUserId, ...change })
    await storePairing(look, person, { invite: 'sent' })
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    look.problem('P15', `${subject}:invite`, told)
  }
}
