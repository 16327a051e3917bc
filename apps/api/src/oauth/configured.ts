/** Which providers there are, by the environment: a provider without a client id is not offered. */
import * as v from 'valibot'
import { createGoogle } from './google.ts'
import { createKakao } from './kakao.ts'
import type { Providers } from './providers.ts'

const text = v.optional(v.string(), '')
const server = (fallback: string) =>
  v.pipe(
    v.optional(v.string(), fallback),
    v.regex(/^https?:\/\/[^/\s]+[^\s]*$/, 'must be an http(s) URL'),
    v.transform((url) => url.replace(/\/$/, '')),
  )

export const OAuthEnv = v.object({
  /** Where browsers reach the gateway: providers send them back there. */
  PUBLIC_URL: server('http://localhost:8080'),
  GOOGLE_CLIENT_ID: text,
  GOOGLE_CLIENT_SECRET: text,
  GOOGLE_ISSUER: server('https://accounts.google.com'),
  KAKAO_CLIENT_ID: text,
  KAKAO_CLIENT_SECRET: text,
  KAKAO_AUTH_URL: server('https://kauth.kakao.com'),
  KAKAO_API_URL: server('https://kapi.kakao.com'),
})

export function createProviders(env: v.InferOutput<typeof OAuthEnv>): Providers {
  return {
    ...(env.GOOGLE_CLIENT_ID !== '' && {
      google: createGoogle({
        clientId: env.GOOGLE_CLIENT_ID,
        clientSecret: env.GOOGLE_CLIENT_SECRET,
        issuer: env.GOOGLE_ISSUER,
      }),
    }),
    ...(env.KAKAO_CLIENT_ID !== '' && {
      kakao: createKakao({
        clientId: env.KAKAO_CLIENT_ID,
        clientSecret: env.KAKAO_CLIENT_SECRET,
        authUrl: env.KAKAO_AUTH_URL,
        apiUrl: env.KAKAO_API_URL,
      }),
    }),
  }
}
