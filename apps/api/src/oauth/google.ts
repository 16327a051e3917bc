/** Google: OpenID Connect (https://developers.google.com/identity/openid-connect/openid-connect). */
import { type Configuration, discovery } from 'openid-client'
import * as v from 'valibot'
import { createProvider, plainHttp, type Provider, timeoutSeconds } from './providers.ts'

export type GoogleOptions = { clientId: string; clientSecret: string; issuer: string }

const Claims = v.object({
  sub: v.string(),
  name: v.optional(v.string(), ''),
  email: v.string(),
  email_verified: v.literal(true),
})

export function createGoogle({ clientId, clientSecret, issuer }: GoogleOptions): Provider {
  let discovered: Promise<Configuration> | undefined

  /** Asked when first needed and then kept, so that we start, and go on, without Google. */
  function configuration(): Promise<Configuration> {
    discovered ??= discovery(new URL(issuer), clientId, clientSecret, undefined, {
      timeout: timeoutSeconds,
      execute: plainHttp(issuer),
    }).catch((error: unknown) => {
      discovered = undefined
      throw error
    })
    return discovered
  }

  return createProvider({
    configuration,
    scope: 'openid email profile',
    usesNonce: true,
    identityOf: async (_, tokens) => {
      const { sub, name, email } = v.parse(Claims, tokens.claims())
      return { providerUserId: sub, name, email }
    },
  })
}
