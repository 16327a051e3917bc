/**
 * The session in force: `auth:session:{userId}` holds its id; a token whose `sid` differs is void. Asked on every request,
 * so the answer is kept in process and dropped when a revocation is announced on Redis pub/sub.
 */
import { AppError } from '@mopl/contracts/errors'
import { SessionRevoked } from '@mopl/contracts/realtime'
import { channels, redisKeys } from '@mopl/contracts/redis-keys'
import type { Redis } from 'ioredis'
import * as v from 'valibot'
import type { Log } from './log.ts'

/** A lost announcement is noticed after at most this long. */
const rememberedMs = 5_000

export type SessionRegistry = {
  /** @throws {AppError} SESSION_ENDED; UNAVAILABLE when Redis cannot say (absent never means allowed) */
  assertInForce(userId: string, sessionId: string): Promise<void>
  /** Calls back for every revocation, also those of other processes. */
  onRevoked(listener: (revoked: SessionRevoked) => void): void
}

/** @param rememberedUsers 0 for whoever asks once per connection and not with every request */
export async function openSessionRegistry(
  redis: Redis,
  subscriber: Redis,
  log: Log,
  { rememberedUsers = 50_000 }: { rememberedUsers?: number } = {},
): Promise<SessionRegistry> {
  const remembered = new Map<string, { sessionId: string | null; until: number }>()
  const listeners: ((revoked: SessionRevoked) => void)[] = []
  let heardRevocations = 0

  subscriber.on('message', (channel: string, message: string) => {
    if (channel !== channels.sessionRevoked) return
    const parsed = v.safeParse(SessionRevoked, parseJson(message))
    if (!parsed.success) return log.warn('unreadable revocation ignored')
    heardRevocations += 1
    remembered.delete(parsed.output.userId)
    for (const listener of listeners) listener(parsed.output)
  })
  // Announcements made while the link was down are lost, so that what is remembered is worth nothing.
  subscriber.on('close', () => {
    heardRevocations += 1
    remembered.clear()
  })
  await subscriber.subscribe(channels.sessionRevoked)

  async function sessionInForce(userId: string): Promise<string | null> {
    const known = remembered.get(userId)
    if (known !== undefined && known.until > Date.now()) return known.sessionId
    const heardBefore = heardRevocations
    const sessionId = await redis.get(redisKeys.authSession(userId)).catch((cause: unknown) => {
      throw new AppError('UNAVAILABLE', {}, 1, { cause })
    })
    // A revocation heard while the answer was under way may be newer than the answer.
    if (rememberedUsers > 0 && subscriber.status === 'ready' && heardBefore === heardRevocations) {
      if (remembered.size >= rememberedUsers) remembered.clear()
      remembered.set(userId, { sessionId, until: Date.now() + rememberedMs })
    }
    return sessionId
  }

  return {
    async assertInForce(userId, sessionId) {
      if ((await sessionInForce(userId)) !== sessionId) throw new AppError('SESSION_ENDED')
    },
    onRevoked: (listener) => void listeners.push(listener),
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
