/** The few questions that need an answer of the api now. Asked in the name of the user whose frame needs it. */
import type { AccessTokenClaims } from '@mopl/contracts/access-token'
import { AppError } from '@mopl/contracts/errors'
import type { AccessTokens } from '@mopl/infrastructure/access-tokens'

const answerWithinMs = 2_000

export type ApiClient = {
  /**
   * The JSON of `GET path`, `undefined` when the api says 404.
   *
   * @throws {AppError} SESSION_ENDED when the api does not accept the user, UNAVAILABLE for any other answer or none
   */
  get(path: string, claims: AccessTokenClaims): Promise<unknown>
}

/**
 * A connection outlives the access token it was opened with, so that every question carries a fresh one with the same
 * claims; whether the session is still in force is checked by the api.
 */
export function createApiClient(baseUrl: string, accessTokens: AccessTokens): ApiClient {
  return {
    async get(path, { sub, role, sid }) {
      const token = await accessTokens.sign({ id: sub, role, sessionId: sid })
      const response = await fetch(new URL(path, baseUrl), {
        headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
        signal: AbortSignal.timeout(answerWithinMs),
      }).catch(unavailable)
      if (response.ok) return response.json().catch(unavailable)
      await response.body?.cancel()
      if (response.status === 404) return undefined
      throw new AppError(response.status === 401 ? 'SESSION_ENDED' : 'UNAVAILABLE', {}, 1)
    },
  }
}

function unavailable(cause: unknown): never {
  throw new AppError('UNAVAILABLE', {}, 1, { cause })
}
