/** What one connection, one user and one address may take of an instance. PROTOCOL.md, T6 and T11 to T15. */
import { AppError } from '@mopl/contracts/errors'
import { Integer } from '@mopl/infrastructure/config'
import { NetworkList } from '@mopl/infrastructure/networks'
import * as v from 'valibot'
import type { SocketMetrics } from '../metrics.ts'

/** Defaults leave people with many tabs alone, and an office behind one address too. */
export const LimitsEnv = v.object({
  MAX_FRAMES_PER_SECOND: Integer('50', 1, 1_000_000),
  MAX_BYTES_PER_SECOND: Integer(String(64 * 1024), 1_024, 1_000_000_000),
  MAX_ROOM_MESSAGES_PER_SECOND: Integer('5', 1, 1_000_000),
  MAX_SUBSCRIPTIONS: Integer('100', 1, 10_000),
  MAX_CONNECTIONS_PER_USER: Integer('50', 1, 1_000_000),
  MAX_CONNECTIONS_PER_ADDRESS: Integer('1000', 1, 1_000_000),
  SIGN_IN_WITHIN_MS: Integer('5000', 100, 60_000),
  /** uWebSockets.js counts in steps of four seconds and takes at least eight. */
  IDLE_TIMEOUT_SECONDS: Integer('20', 8, 960),
  /** Who may say by `X-Forwarded-For` for whom a connection is made, besides this machine itself. */
  TRUSTED_PROXIES: NetworkList,
})
export type LimitsEnv = v.InferOutput<typeof LimitsEnv>

export const limitNames = [
  'frames-per-second',
  'bytes-per-second',
  'waiting-frames',
  'room-messages-per-second',
  'subscriptions',
  'connections-per-user',
  'connections-per-address',
  'sign-in-time',
  'idle-time',
] as const
export type LimitName = (typeof limitNames)[number]

/** Counts that somebody ran into the limit, and returns what to tell them. */
export function overLimit({ limitsExceeded }: SocketMetrics, limit: LimitName): AppError {
  limitsExceeded.inc({ limit })
  return new AppError('TOO_MANY_REQUESTS', { [limit]: '허용된 양을 넘었습니다.' })
}
