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

export function createAccessTokens(secret: string): AccessTokens {
  const key = new TextEncoder().encode(secret)
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
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: [accessTokenAlgorithm],
          issuer: accessTokenIssuer,
          audience: accessTokenAudience,
          requiredClaims: ['exp', 'iat', 'sub'],
        })
        return v.parse(AccessTokenClaims, payload)
      } catch (error) {
        if (error instanceof joseErrors.JOSEError || v.isValiError(error)) throw new AppError('INVALID_TOKEN')
        throw error
      }
    },
  }
}
