/** /api/auth */
import { AppError } from '@mopl/contracts/errors'
import { Hono } from 'hono'
import type { Deps } from '../deps.ts'
import { bearerToken } from '../http/authenticate.ts'
import { clearRefreshCookie, readRefreshCookie, repeatCsrfCookie, setRefreshCookie } from '../http/cookies.ts'
import { describing, explained, reads, refuses, returns } from '../http/describe.ts'
import type { Env } from '../http/env.ts'
import { limitPerAddress } from '../http/rate-limit.ts'
import { valid } from '../http/validate.ts'
import { refresh, signIn, signOut } from './auth.ts'
import { requestPasswordReset } from './reset-password.ts'
import { JwtDto, PasswordReset, RefreshCookie, SignIn } from './schemas.ts'

const describe = describing('인증 관리')

export function authRoutes(deps: Deps) {
  const { cookieSecure } = deps
  return new Hono<Env>()
    .get(
      '/csrf-token',
      describe(
        'getCsrfToken',
        'CSRF 토큰 조회',
        explained('CSRF 토큰을 조회합니다. 토큰은 쿠키(XSRF-TOKEN)에 저장됩니다.'),
        returns(204),
      ),
      (c) => {
        repeatCsrfCookie(c, cookieSecure)
        return c.body(null, 204)
      },
    )
    .post(
      '/sign-in',
      describe(
        'signIn',
        '로그인',
        explained('쿠키(REFRESH_TOKEN)에 리프레시 토큰을 저장합니다.'),
        returns(200, JwtDto),
        refuses('INVALID_CREDENTIALS', 'ACCOUNT_LOCKED', 'TOO_MANY_REQUESTS'),
      ),
      limitPerAddress(deps, 'signInPerAddress'),
      valid('form', SignIn),
      async (c) => {
        const { refreshToken, jwt } = await signIn(deps, c.req.valid('form'), c.var.clientAddress())
        setRefreshCookie(c, refreshToken, cookieSecure)
        return c.json(jwt)
      },
    )
    .post(
      '/refresh',
      describe(
        'reissueToken',
        '토큰 재발급',
        explained('쿠키(REFRESH_TOKEN)에 저장된 리프레시 토큰으로 리프레시 토큰과 엑세스 토큰을 재발급합니다.'),
        reads('cookie', RefreshCookie),
        returns(200, JwtDto),
        refuses('UNAUTHENTICATED', 'INVALID_TOKEN', 'SESSION_ENDED', 'ACCOUNT_LOCKED', 'TOO_MANY_REQUESTS'),
      ),
      limitPerAddress(deps, 'refreshPerAddress'),
      async (c) => {
        const presented = readRefreshCookie(c)
        if (presented === undefined) throw new AppError('UNAUTHENTICATED')
        const { refreshToken, jwt } = await refresh(deps, presented)
        setRefreshCookie(c, refreshToken, cookieSecure)
        return c.json(jwt)
      },
    )
    .post(
      '/reset-password',
      describe(
        'resetPassword',
        '비밀번호 초기화',
        explained('임시 비밀번호로 초기화 후 이메일로 전송합니다.'),
        returns(204),
        refuses('USER_NOT_FOUND', 'TOO_MANY_REQUESTS'),
      ),
      limitPerAddress(deps, 'resetPerAddress'),
      valid('json', PasswordReset),
      async (c) => {
        await requestPasswordReset(deps, c.req.valid('json').email, c.var.requestId)
        return c.body(null, 204)
      },
    )
    .post(
      '/sign-out',
      describe('signOut', '로그아웃', explained('세션을 끝내고 쿠키(REFRESH_TOKEN)를 지웁니다.'), returns(204)),
      async (c) => {
        const accessToken = bearerToken(c.req.header('authorization'))
        await signOut(deps, { refreshToken: readRefreshCookie(c), accessToken })
        clearRefreshCookie(c, cookieSecure)
        return c.body(null, 204)
      },
    )
}
