/** Social sign-in as OAuth 2.1 has it: authorization code with PKCE and state; with OpenID Connect a nonce too. */
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
} from 'openid-client'
import type { Configuration, IDToken, TokenEndpointResponse } from 'openid-client'
import * as v from 'valibot'

export const ProviderName = v.picklist(['google', 'kakao'])
export type ProviderName = v.InferOutput<typeof ProviderName>

/** Who the provider says it is. Without an e-mail that it vouches for, there is none. */
export type Identity = { providerUserId: string; name: string; email: string }

/** What only we know about a browser that we sent away, and need when it comes back. */
export type Secrets = { state: string; nonce: string; codeVerifier: string }

export type Provider = {
  /** Where to send the browser. */
  authorizationUrl(redirectUri: string, secrets: Secrets): Promise<URL>
  /** @param returnUrl the whole address at which the browser came back. Rejects when anything about it is not right */
  identify(returnUrl: URL, secrets: Secrets): Promise<Identity>
}

export type Providers = Partial<Record<ProviderName, Provider>>

/** One provider's ways: the rest is the same for all. `configuration` may have to ask the provider first. */
type Ways = {
  configuration: () => Promise<Configuration>
  scope: string
  usesNonce: boolean
  identityOf: (configuration: Configuration, tokens: Tokens) => Promise<Identity>
}
export type Tokens = TokenEndpointResponse & { claims(): IDToken | undefined }

export function createProvider({ configuration, scope, usesNonce, identityOf }: Ways): Provider {
  return {
    async authorizationUrl(redirectUri, { state, nonce, codeVerifier }) {
      return buildAuthorizationUrl(await configuration(), {
        redirect_uri: redirectUri,
        scope,
        state,
        code_challenge: await calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
        ...(usesNonce && { nonce }),
      })
    },

    async identify(returnUrl, { state, nonce, codeVerifier }) {
      const configured = await configuration()
      const checks = {
        pkceCodeVerifier: codeVerifier,
        expectedState: state,
        ...(usesNonce && { expectedNonce: nonce, idTokenExpected: true }),
      }
      return identityOf(configured, await authorizationCodeGrant(configured, returnUrl, checks))
    },
  }
}

/** Of one request to a provider. */
export const timeoutSeconds = 5

/** Only where the operator configured a provider without TLS, as tests do. */
export function plainHttp(server: string): ((configuration: Configuration) => void)[] {
  return server.startsWith('http:') ? [allowInsecureRequests] : []
}
