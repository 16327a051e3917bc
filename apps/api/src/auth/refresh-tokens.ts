/**
 * Opaque refresh tokens, `userId.deviceId.secret`, rotated on every use. Redis holds hashes only.
 *
 * The successor of a secret is computed from it with a key of ours, so that two tabs that refresh at once, or a client
 * that lost the answer, get the same successor without anybody storing it. Reuse of a secret after that is theft by
 * somebody: the session ends (RFC 9700 section 4.14.2).
 */
import { createHash, createHmac, hkdfSync, randomBytes, randomUUID } from 'node:crypto'
import { AppError } from '@mopl/contracts/errors'
import { channels, redisKeys, ttlSeconds } from '@mopl/contracts/redis-keys'
import { newId } from '@mopl/infrastructure/ids'
import type { RedisClient } from '@mopl/infrastructure/redis'
import { announcement } from './sessions.ts'
import { beginScript, endByTokenScript, rotateScript } from './session-scripts.ts'

export type Session = { userId: string; sessionId: string; refreshToken: string }

export type RefreshTokens = {
  /** Begins a session, which ends whatever session the user has elsewhere. */
  begin(userId: string): Promise<Session>
  /** @throws {AppError} INVALID_TOKEN for an unknown, expired or malformed token; a reused one ends its session as well */
  rotate(refreshToken: string): Promise<Session>
  /** Ends the session that the token belongs to; a void token ends nothing. */
  end(refreshToken: string): Promise<void>
}

type Options = { redis: RedisClient; jwtSecret: string; retryMs?: number }

export function createRefreshTokens({
  redis,
  jwtSecret,
  retryMs = ttlSeconds.refreshRetry * 1_000,
}: Options): RefreshTokens {
  const key = Buffer.from(hkdfSync('sha256', jwtSecret, '', 'mopl refresh token successor', 32))
  const successorOf = (secret: string) => createHmac('sha256', key).update(secret).digest('base64url')

  return {
    async begin(userId) {
      const [sessionId, deviceId, secret] = [newId(), randomUUID(), randomBytes(32).toString('base64url')]
      await redis.eval(
        beginScript,
        2,
        ...keysOf({ userId, deviceId }),
        sessionId,
        hashOf(secret),
        ttlSeconds.refreshToken,
        channels.sessionRevoked,
        announcement(userId, sessionId),
      )
      return { userId, sessionId, refreshToken: `${userId}.${deviceId}.${secret}` }
    },

    async rotate(refreshToken) {
      const token = parseRefreshToken(refreshToken)
      if (token === undefined) throw new AppError('INVALID_TOKEN')
      const successor = successorOf(token.secret)
      const sessionId = await redis.eval(
        rotateScript,
        2,
        ...keysOf(token),
        hashOf(token.secret),
        hashOf(successor),
        ttlSeconds.refreshToken,
        retryMs,
        channels.sessionRevoked,
        announcement(token.userId),
      )
      if (typeof sessionId !== 'string') throw new AppError('INVALID_TOKEN')
      return { userId: token.userId, sessionId, refreshToken: `${token.userId}.${token.deviceId}.${successor}` }
    },

    async end(refreshToken) {
      const token = parseRefreshToken(refreshToken)
      if (token === undefined) return
      await redis.eval(
        endByTokenScript,
        2,
        ...keysOf(token),
        hashOf(token.secret),
        channels.sessionRevoked,
        announcement(token.userId),
      )
    },
  }
}

const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const pattern = new RegExp(`^(${uuid})\\.(${uuid})\\.([\\w-]{43})$`)

export function parseRefreshToken(text: string): { userId: string; deviceId: string; secret: string } | undefined {
  const [, userId, deviceId, secret] = pattern.exec(text) ?? []
  if (userId === undefined || deviceId === undefined || secret === undefined) return undefined
  return { userId, deviceId, secret }
}

function keysOf({ userId, deviceId }: { userId: string; deviceId: string }): [string, string] {
  return [redisKeys.authSession(userId), redisKeys.refreshToken(userId, deviceId)]
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}
