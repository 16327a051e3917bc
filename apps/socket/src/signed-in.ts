/**
 * Every connection that somebody is signed in on, WebSocket or event stream. A user's connections are ended when the
 * session is revoked; otherwise a connection outlives the token it came with as long as its session is in force.
 */
import type { AccessTokenClaims } from '@mopl/contracts/access-token'
import { AppError, type ErrorCode } from '@mopl/contracts/errors'
import type { SessionRevoked } from '@mopl/contracts/realtime'
import type { SessionRegistry } from '@mopl/infrastructure/sessions'
import { appended } from './appended.ts'
import type { SocketMetrics } from './metrics.ts'
import { type LimitsEnv, overLimit } from './trust/limits.ts'

export type SignedInEntry = { claims: AccessTokenClaims; connection: Revocable; checkAtMs: number }

/** What is ended when the session it was opened in is over. */
type Revocable = { revoke(code: ErrorCode): void }

const sweepEveryMs = 1_000
/** After the token's expiry: sessions also end by themselves, unannounced, when nobody refreshes them. */
const recheckEveryMs = 60_000
/** Checks under way at once: after a lost link to Redis all connections are due together. */
const checkedAtOnce = 500

export class SignedIn {
  readonly #registry: SessionRegistry
  readonly #limits: LimitsEnv
  readonly #metrics: SocketMetrics
  /** Few each: an array takes less than a set. */
  readonly #byUser = new Map<string, readonly SignedInEntry[]>()
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
   * From now on, until `remove`, the connection is revoked when the session is over.
   *
   * @throws {AppError} TOO_MANY_REQUESTS when the user has too many connections here
   */
  add(claims: AccessTokenClaims, connection: Revocable): SignedInEntry {
    const entries = this.#byUser.get(claims.sub) ?? []
    if (entries.length >= this.#limits.MAX_CONNECTIONS_PER_USER) throw overLimit(this.#metrics, 'connections-per-user')
    const entry = { claims, connection, checkAtMs: claims.exp * 1000 }
    this.#byUser.set(claims.sub, appended(entries, entry))
    return entry
  }

  /** Asks right away. Rejects with {AppError} SESSION_ENDED, or UNAVAILABLE when Redis cannot say. */
  check({ claims }: SignedInEntry): Promise<void> {
    return this.#registry.assertInForce(claims.sub, claims.sid)
  }

  remove(entry: SignedInEntry): void {
    const { sub } = entry.claims
    const others = this.#byUser.get(sub)?.filter((each) => each !== entry) ?? []
    if (others.length > 0) this.#byUser.set(sub, others)
    else this.#byUser.delete(sub)
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
      if (entry.claims.sid !== keepSessionId) entry.connection.revoke('SESSION_ENDED')
  }

  #sweep(): void {
    const now = Date.now()
    for (const entries of this.#byUser.values())
      for (const entry of entries)
        if (entry.checkAtMs <= now && this.#checking < checkedAtOnce) void this.#recheck(entry, now)
  }

  async #recheck(entry: SignedInEntry, now: number): Promise<void> {
    this.#checking += 1
    entry.checkAtMs = now + recheckEveryMs
    try {
      await this.check(entry)
    } catch (error) {
      if (error instanceof AppError && error.code === 'SESSION_ENDED') entry.connection.revoke(error.code)
      // Redis cannot say: nobody is thrown out for that, and the next sweep asks again.
      else entry.checkAtMs = now
    } finally {
      this.#checking -= 1
    }
  }
}
