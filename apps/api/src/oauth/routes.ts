/** /oauth2 and /login/oauth2: to the provider and back. A browser comes here, not a script: every end is a redirect. */
import { AppError, type ErrorCode } from '@mopl/contracts/errors'
import { isPostgresUnavailable } from '@mopl/infrastructure/postgres'
import { isRedisUnavailable } from '@mopl/infrastructure/redis'
import { Hono } from 'hono'
import * as v from 'valibot'
import type { Deps } from '../deps.ts'
import { setRefreshCookie } from '../http/cookies.ts'
import { describing, explained, refuses, returns } from '../http/describe.ts'
import type { Env } from '../http/env.ts'
import { limitPerAddress } from '../http/rate-limit.ts'
import { valid } from '../http/validate.ts'
import { signInAs } from './accounts.ts'
import { beginAttempt, takeAttempt } from './attempts.ts'
import { type Provider, ProviderName } from './providers.ts'

const describe = describing('인증 관리')
/** Any text: one that is no provider is 404, as is one that is not configured. */
const ProviderParam = v.object({ provider: v.string() })

const done = '/#/contents'
/** `reason` is from a closed set: a page may show it. */
const failed = (reason: Failure) => `/#/sign-in?error=${reason}`
type Failure = 'denied' | 'expired' | 'failed' | 'email_taken' | 'locked'

export function oauthRoutes(deps: Deps) {
  const { providers, publicUrl, cookieSecure, log } = deps
  const limit = limitPerAddress(deps, 'socialSignInPerAddress')

  /** @throws {AppError} SOCIAL_PROVIDER_NOT_FOUND, also for one that is not configured */
  function providerOf(text: string): { name: ProviderName; provider: Provider } {
    const name = v.safeParse(ProviderName, text)
    const provider = name.success ? providers[name.output] : undefined
    if (!name.success || provider === undefined) throw new AppError('SOCIAL_PROVIDER_NOT_FOUND')
    return { name: name.output, provider }
  }

  return new Hono<Env>()
    .get(
      '/oauth2/authorization/:provider',
      describe(
        'startSocialSignIn',
        '소셜 로그인 시작',
        explained('google 또는 kakao의 로그인 화면으로 이동합니다. 브라우저의 주소로 엽니다.'),
        returns(302),
        refuses('SOCIAL_PROVIDER_NOT_FOUND'),
      ),
      limit,
      valid('param', ProviderParam),
      async (c) => {
        const { name, provider } = providerOf(c.req.valid('param').provider)
        const secrets = await beginAttempt(c, deps, name)
        const url = await provider
          .authorizationUrl(`${publicUrl}/login/oauth2/code/${name}`, secrets)
          .catch(unavailable)
        return c.redirect(url.href)
      },
    )
    .get(
      '/login/oauth2/code/:provider',
      describe(
        'finishSocialSignIn',
        '소셜 로그인 완료',
        explained(
          '제공자가 브라우저를 이 주소로 돌려보냅니다. 성공하면 쿠키(REFRESH_TOKEN)를 저장하고 `/#/contents`로, 실패하면 ' +
            '`/#/sign-in?error=`에 denied, expired, failed, email_taken, locked 중 하나를 붙여 이동합니다.',
        ),
        returns(302),
        refuses('SOCIAL_PROVIDER_NOT_FOUND'),
      ),
      limit,
      valid('param', ProviderParam),
      async (c) => {
        const { name, provider } = providerOf(c.req.valid('param').provider)
        const secrets = await takeAttempt(c, deps, name)
        if (secrets === undefined) return c.redirect(failed('expired'))
        if (c.req.query('error') === 'access_denied') return c.redirect(failed('denied'))
        try {
          const { pathname, search } = new URL(c.req.url)
          const identity = await provider.identify(new URL(`${publicUrl}${pathname}${search}`), secrets)
          const { refreshToken } = await signInAs(deps, name, identity, c.var.requestId)
          setRefreshCookie(c, refreshToken, cookieSecure)
          return c.redirect(done)
        } catch (error) {
          if (isPostgresUnavailable(error) || isRedisUnavailable(error)) throw error
          const refusal = error instanceof AppError ? refusals[error.code] : undefined
          // Its message only: what hangs on the error may be tokens.
          if (refusal === undefined) log.warn({ provider: name, reason: reasonOf(error) }, 'social sign-in failed')
          return c.redirect(failed(refusal ?? 'failed'))
        }
      },
    )
}

const refusals: Partial<Record<ErrorCode, Failure>> = { EMAIL_TAKEN: 'email_taken', ACCOUNT_LOCKED: 'locked' }

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown'
}

function unavailable(cause: unknown): never {
  throw new AppError('UNAVAILABLE', {}, undefined, { cause })
}
