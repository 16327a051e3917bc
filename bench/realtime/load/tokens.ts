import { createAccessTokens } from '@mopl/infrastructure/access-tokens'
import type { ConnectOptions } from './protocol.ts'
import { jwtSecret, sessionIdOf, userIdOf } from './viewers.ts'

/** The access tokens of the viewers of a `connect`, by viewer. */
export async function signTokens({
  firstViewer,
  viewers,
}: Pick<ConnectOptions, 'firstViewer' | 'viewers'>): Promise<Map<number, string>> {
  const accessTokens = createAccessTokens(jwtSecret)
  const tokens = new Map<number, string>()
  for (let viewer = firstViewer; viewer < firstViewer + viewers; viewer++) {
    tokens.set(viewer, await accessTokens.sign({ id: userIdOf(viewer), role: 'USER', sessionId: sessionIdOf(viewer) }))
  }
  return tokens
}
