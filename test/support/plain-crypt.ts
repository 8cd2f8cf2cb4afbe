import type { Crypt, SecretKeys } from '../../src/db/crypt.ts'

/** Seals like the real one, without its cost and its randomness. */
export const plainCrypt = (keys: SecretKeys): Crypt => ({
  seal: async (text, context) => {
    const kid = keys[0]?.kid ?? ''
    return `${kid}|${context}|${Buffer.from(text).toString('hex')}`
  },
  open: async (sealed, context) => {
    const [kid, bound, hex = ''] = sealed.split('|')
    if (!keys.some((key) => key.kid === kid)) throw new Error(`sealed with key ${kid}`)
    if (bound !== context) throw new Error('a sealed value was moved')
    return Buffer.from(hex, 'hex').toString()
  },
  isCurrent: (sealed) => sealed.startsWith(`${keys[0]?.kid}|`),
})
