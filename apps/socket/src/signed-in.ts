/**
 * Every connection that somebody is signed in on, WebSocket or event stream. A user's connections are ended when the
 * session is revoked; otherwise a connection outlives the token it came with as long as its session is in force.
 */
import type { AccessTokenClaims } from '@mopl/contracts/access-token'
import { AppError, type ErrorCode } from '@mopl/contracts/errors'
import type { SessionRevoked } from '@mopl/contracts/realtime'
import type { SessionRegistry } from '@mopl/infrastructure/sessions'
import type { SocketMetrics } from './metrics.ts'
import { type LimitsEnv, overLimit } from './trust/limits.ts'

type Entry = { claims: AccessTokenClaims; end: (code: ErrorCode) => void; checkAtMs: number }

const sweepEveryMs = 1_000
/** After the token's expiry: sessions also end by themselves, unannounced, when nobody refreshes them. */
const recheckEveryMs = 60_000
/** Checks under way at once: after a lost link to Redis all connections are due together. */
const checkedAtOnce = 500

export class SignedIn {
  readonly #registry: SessionRegistry
  readonly #limits: LimitsEnv
  readonly #metrics: SocketMetrics
  readonly #byUser = new Map<string, Set<Entry>>()
  readonly #timer: NodeJS.Timeout
  #checking = 0

  constructor(registry: SessionRegistry, limits: LimitsEnv, metrics: SocketMetrics) {
    this.#registry = registry
    this.#limits = limits
    this.#metrics = metrics
    registry.onRevoked((revoked) => this.#onRevoked(revoked))
    this.#timer = setInterval(() => this.#sweep(), sweepEveryMs)
  }

  /**
   * From now on `end` is called when the session is over. `check` asks right away.
   *
   * @throws {AppError} TOO_MANY_REQUESTS when the user has too many connections here
   *
   * `check` rejects with {AppError} SESSION_ENDED, or UNAVAILABLE when Redis cannot say.
   */
  add(claims: AccessTokenClaims, end: Entry['end']): { check: () => Promise<void>; remove: () => void } {
    const entries = this.#byUser.get(claims.sub) ?? new Set()
    if (entries.size >= this.#limits.MAX_CONNECTIONS_PER_USER) throw overLimit(this.#metrics, 'connections-per-user')
    this.#byUser.set(claims.sub, entries)
    const entry = { claims, end, checkAtMs: claims.exp * 1000 }
    entries.add(entry)
    return {
      check: () => this.#registry.assertInForce(claims.sub, claims.sid),
      remove: () => {
        entries.delete(entry)
        if (entries.size === 0 && this.#byUser.get(claims.sub) === entries) this.#byUser.delete(claims.sub)
      },
    }
  }

  /** Revocations may have been missed: everybody is checked. */
  checkAll(): void {
    for (const entries of this.#byUser.values()) for (const entry of entries) entry.checkAtMs = 0
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #onRevoked({ userId, keepSessionId }: SessionRevoked): void {
    for (const entry of this.#byUser.get(userId) ?? [])
      if (entry.claims.sid !== keepSessionId) entry.end('SESSION_ENDED')
  }

  #sweep(): void {
    const now = Date.now()
    for (const entries of this.#byUser.values())
      for (const entry of entries)
        if (entry.checkAtMs <= now && this.#checking < checkedAtOnce) void this.#recheck(entry, now)
  }

  async #recheck(entry: Entry, now: number): Promise<void> {
    this.#checking += 1
    entry.checkAtMs = now + recheckEveryMs
    try {
      await this.#registry.assertInForce(entry.claims.sub, entry.claims.sid)
    } catch (error) {
      if (error instanceof AppError && error.code === 'SESSION_ENDED') entry.end(error.code)
      // Redis cannot say: nobody is thrown out for that, and the next sweep asks again.
      else entry.checkAtMs = now
    } finally {
      this.#checking -= 1
    }
  }
}
