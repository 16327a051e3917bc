/** Kakao: OAuth 2 with an endpoint of its own for the user (https://developers.kakao.com/docs/latest/en/kakaologin/rest-api). */
import { ClientSecretPost, Configuration, fetchProtectedResource } from 'openid-client'
import * as v from 'valibot'
import { createProvider, plainHttp, type Provider, timeoutSeconds } from './providers.ts'

/** `authUrl` is where people sign in, `apiUrl` where the user's data are. */
export type KakaoOptions = { clientId: string; clientSecret: string; authUrl: string; apiUrl: string }

const Member = v.object({
  id: v.pipe(v.number(), v.safeInteger()),
  kakao_account: v.optional(v.object({ profile: v.optional(v.object({ nickname: v.optional(v.string()) })) })),
})

export function createKakao({ clientId, clientSecret, authUrl, apiUrl }: KakaoOptions): Provider {
  const server = {
    issuer: authUrl,
    authorization_endpoint: `${authUrl}/oauth/authorize`,
    token_endpoint: `${authUrl}/oauth/token`,
  }
  const configured = new Configuration(server, clientId, undefined, ClientSecretPost(clientSecret))
  configured.timeout = timeoutSeconds
  for (const allow of plainHttp(authUrl)) allow(configured)

  return createProvider({
    configuration: async () => configured,
    scope: 'profile_nickname',
    usesNonce: false,
    async identityOf(configuration, tokens) {
      const response = await fetchProtectedResource(
        configuration,
        tokens.access_token,
        new URL('/v2/user/me', apiUrl),
        'GET',
      )
      const { id, kakao_account: account } = v.parse(Member, await response.json())
      const name = account?.profile?.nickname ?? ''
      return { providerUserId: String(id), name, email: emailOf(name, id) }
    },
  })
}

/** Kakao tells no e-mail (contract section 5, rule 4). What could not stand in an address is left out of the nickname. */
function emailOf(nickname: string, memberId: number): string {
  return `${nickname.replaceAll(/[\s\p{C}@]/gu, '')}_${memberId}@kakao.com`
}
