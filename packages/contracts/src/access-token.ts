/** The claims of an access token, on which api (mints) and socket (verifies) must agree. RFC 7519, RFC 8725. */
import * as v from 'valibot'
import { Uuid } from './scalars.ts'

export const accessTokenIssuer = 'mopl'
export const accessTokenAudience = 'mopl-clients'
export const accessTokenAlgorithm = 'HS256'

export const Role = v.picklist(['USER', 'ADMIN'])
export type Role = v.InferOutput<typeof Role>

export const AccessTokenClaims = v.object({ sub: Uuid, role: Role, sid: Uuid, exp: v.number(), iat: v.number() })
export type AccessTokenClaims = v.InferOutput<typeof AccessTokenClaims>
