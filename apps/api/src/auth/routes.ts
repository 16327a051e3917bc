/** /api/auth */
import { AppError } from '@mopl/contracts/errors'
import { Hono } from 'hono'
import type { Deps } from '../deps.ts'
import { bearerToken } from '../http/authenticate.ts'
import { clearRefreshCookie, readRefreshCookie, setRefreshCookie } from '../http/cookies.ts'
import { repeatCsrfCookie } from '../http/csrf.ts'
import type { Env } from '../http/env.ts'
import { limitPerAddress } from '../http/rate-limit.ts'
import { valid } from '../http/validate.ts'
import { refresh, signIn, signOut } from './auth.ts'
import { SignIn } from './schemas.ts'

export function authRoutes(deps: Deps) {
  const { cookieSecure } = deps
  return new Hono<Env>()
    .get('/csrf-token', (c) => {
      repeatCsrfCookie(c, cookieSecure)
      return c.body(null, 204)
    })
    .post('/sign-in', limitPerAddress(deps, 'signInPerAddress'), valid('form', SignIn), async (c) => {
      const { refreshToken, jwt } = await signIn(deps, c.req.valid('form'), c.var.clientAddress)
      setRefreshCookie(c, refreshToken, cookieSecure)
      return c.json(jwt)
    })
    .post('/refresh', limitPerAddress(deps, 'refreshPerAddress'), async (c) => {
      const presented = readRefreshCookie(c)
      if (presented === undefined) throw new AppError('UNAUTHENTICATED')
      const { refreshToken, jwt } = await refresh(deps, presented)
      setRefreshCookie(c, refreshToken, cookieSecure)
      return c.json(jwt)
    })
    .post('/sign-out', async (c) => {
      const accessToken = bearerToken(c.req.header('authorization'))
      await signOut(deps, { refreshToken: readRefreshCookie(c), accessToken })
      clearRefreshCookie(c, cookieSecure)
      return c.body(null, 204)
    })
}
