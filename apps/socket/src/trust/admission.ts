/** Who may open one more connection, whatever its transport: judged by the address it comes from, before anything is known of the user. */
import { callerOf } from '@mopl/infrastructure/networks'
import type { HttpRequest, HttpResponse } from 'uWebSockets.js'
import type { SocketMetrics } from '../metrics.ts'
import type { LimitsEnv } from './limits.ts'
import { Places } from './places.ts'

export type Admission = {
  /** Returns what says that the connection is gone, to be called once; `undefined` when it is one too many, and counted as such. */
  admit(res: HttpResponse, req: HttpRequest): (() => void) | undefined
}

export function createAdmission(limits: LimitsEnv, metrics: SocketMetrics): Admission {
  const places = new Places(limits.MAX_CONNECTIONS_PER_ADDRESS)
  return {
    admit(res, req) {
      const peer = Buffer.from(res.getRemoteAddressAsText()).toString()
      const leave = places.take(callerOf(peer, req.getHeader('x-forwarded-for'), limits.TRUSTED_PROXIES))
      if (leave === undefined) metrics.limitsExceeded.inc({ limit: 'connections-per-address' })
      return leave
    },
  }
}
