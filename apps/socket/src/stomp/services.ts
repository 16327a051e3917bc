/** What the sessions of a process share. */
import type { Log } from '@mopl/infrastructure/log'
import type { AccessTokenClaims } from '@mopl/contracts/access-token'
import type { UserSummary } from '@mopl/contracts/realtime'
import type { Destinations } from '../destinations.ts'
import type { Lookup } from '../lookup.ts'
import type { SocketMetrics } from '../metrics.ts'
import type { SignedIn } from '../signed-in.ts'
import type { Admission } from '../trust/admission.ts'
import type { LimitsEnv } from '../trust/limits.ts'
import type { HeartBeats } from './heart-beat.ts'

export type Services = {
  log: Log
  /** Names this instance in CONNECTED, so that operators, and the tour, can tell instances apart. */
  serverName: string
  metrics: SocketMetrics
  limits: LimitsEnv
  admission: Admission
  destinations: Destinations
  signedIn: SignedIn
  users: Lookup<UserSummary>
  heartBeats: HeartBeats
  /** @throws {AppError} UNAUTHENTICATED, INVALID_TOKEN */
  readBearer(header: string | undefined): Promise<AccessTokenClaims>
}
