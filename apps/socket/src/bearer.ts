/** `Authorization: Bearer <JWT>` (RFC 6750), in STOMP's CONNECT and on the event stream. */
import type { AccessTokenClaims } from '@mopl/contracts/access-token'
import { AppError } from '@mopl/contracts/errors'
import type { AccessTokens } from '@mopl/infrastructure/access-tokens'

/** @throws {AppError} UNAUTHENTICATED without a token, INVALID_TOKEN with one that is not in force now */
export async function readBearer(accessTokens: AccessTokens, header: string | undefined): Promise<AccessTokenClaims> {
  const token = /^\s*Bearer +(\S+)\s*$/i.exec(header ?? '')?.[1]
  if (token === undefined) throw new AppError('UNAUTHENTICATED')
  return accessTokens.verify(token)
}
