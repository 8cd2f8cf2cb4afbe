// Tokens at rest: compact JWE, bound to the row and field they belong to, so that a value copied to
// another row is refused. The first key seals, all of them open.
import { createHash } from 'node:crypto'
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from 'jose'

export type SecretKeys = { kid: string; key: Uint8Array }[]
export type Crypt = {
  seal(text: string, context: string): Promise<string>
  open(sealed: string, context: string): Promise<string>
  /** Was it sealed with the key that seals now? */
  isCurrent(sealed: string): boolean
}

export const createCrypt = (keys: SecretKeys): Crypt => ({
  seal: async (text, context) => {
    const first = keys[0]
    if (!first) throw new Error('no secret key')
    return new CompactEncrypt(new TextEncoder().encode(text))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: first.kid, ctx: context })
      .encrypt(first.key)
  },
  open: async (sealed, context) => {
    const { plaintext, protectedHeader } = await compactDecrypt(
      sealed,
      ({ kid }) => {
        const known = keys.find((key) => key.kid === kid)
        if (!known) throw new Error(`sealed with key ${kid}, which SECRET_KEYS does not list`)
        return known.key
      },
      { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] },
    )
    if (protectedHeader.ctx !== context) throw new Error('a sealed value was moved')
    return new TextDecoder().decode(plaintext)
  },
  isCurrent: (sealed) => decodeProtectedHeader(sealed).kid === keys[0]?.kid,
})

/** For what is looked up but never shown again: states, session tokens, hook keys. */
export const hashOf = (secret: string): string =>
  createHash('sha256').update(secret).digest('base64url')
