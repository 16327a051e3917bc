/** Signs and verifies access tokens: JWT (RFC 7519) with one fixed algorithm, as RFC 8725 section 3.1 wants. */
import {
  AccessTokenClaims,
  accessTokenAlgorithm,
  accessTokenAudience,
  accessTokenIssuer,
  type Role,
} from '@mopl/contracts/access-token'
import { AppError } from '@mopl/contracts/errors'
import { ttlSeconds } from '@mopl/contracts/redis-keys'
import { errors as joseErrors, jwtVerify, SignJWT } from 'jose'
import * as v from 'valibot'

export type AccessTokens = {
  sign(user: { id: string; role: Role; sessionId: string }): Promise<string>
  /** @throws {AppError} INVALID_TOKEN for anything but a token of ours that is in force now */
  verify(token: string): Promise<AccessTokenClaims>
}

export type AccessTokensOptions = {
  /** Milliseconds since 1970. */
  now?: () => number
  /**
   * How many tokens that were accepted are accepted again without a check of their signature, which costs more than the
   * rest of most requests. For whoever sees a token with every request; none by default.
   */
  remembered?: number
}

export function createAccessTokens(
  secret: string,
  { now = Date.now, remembered: rememberedAtMost = 0 }: AccessTokensOptions = {},
): AccessTokens {
  const key = new TextEncoder().encode(secret)
  const remembered = new Map<string, AccessTokenClaims>()

  function remember(token: string, claims: AccessTokenClaims): void {
    if (rememberedAtMost === 0) return
    if (remembered.size >= rememberedAtMost) remembered.clear()
    remembered.set(token, claims)
  }

  async function check(token: string): Promise<AccessTokenClaims> {
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: [accessTokenAlgorithm],
        issuer: accessTokenIssuer,
        audience: accessTokenAudience,
        requiredClaims: ['exp', 'iat', 'sub'],
        currentDate: new Date(now()),
      })
      return v.parse(AccessTokenClaims, payload)
    } catch (error) {
      if (error instanceof joseErrors.JOSEError || v.isValiError(error)) throw new AppError('INVALID_TOKEN')
      throw error
    }
  }

  return {
    sign: ({ id, role, sessionId }) =>
      new SignJWT({ role, sid: sessionId })
        .setProtectedHeader({ alg: accessTokenAlgorithm, typ: 'JWT' })
        .setSubject(id)
        .setIssuer(accessTokenIssuer)
        .setAudience(accessTokenAudience)
        .setIssuedAt()
        .setExpirationTime(`${ttlSeconds.accessToken}s`)
        .sign(key),

    async verify(token) {
      const known = remembered.get(token)
      if (known !== undefined && known.exp > now() / 1_000) return known
      remembered.delete(token)
      const claims = await check(token)
      remember(token, claims)
      return claims
    },
  }
}
