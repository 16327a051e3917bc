/**
 * argon2id with OWASP's parameters for it. One hash takes about 50 ms of a core and 19 MiB, so only a few run at once and
 * only a few wait: a flood of sign-ins is refused, and the other requests stay fast.
 */
import { createBound } from '../bounded.ts'

const argon2id = { algorithm: 'argon2id', memoryCost: 19_456, timeCost: 2 } as const

export type Passwords = {
  /** @throws {AppError} TOO_MANY_REQUESTS when too many are waiting; so does `isRight` */
  hash(password: string): Promise<string>
  /** Without a hash (no such account, or one without a password) it answers `false` after the same time. */
  isRight(password: string, hash: string | null | undefined): Promise<boolean>
}

export async function createPasswords({ running = 2, waiting = 32 } = {}): Promise<Passwords> {
  const bounded = createBound(running, waiting)
  const nobodysHash = await Bun.password.hash(crypto.randomUUID(), argon2id)
  return {
    hash: (password) => bounded(() => Bun.password.hash(password, argon2id)),
    isRight: async (password, hash) => {
      const matches = await bounded(() => Bun.password.verify(password, hash ?? nobodysHash))
      return matches && typeof hash === 'string'
    },
  }
}
