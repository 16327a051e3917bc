/** Hono answers 404 for a known path with another method; RFC 9110 section 15.5.6 wants 405 and `Allow`. */
import { AppError } from '@mopl/contracts/errors'
import type { Hono, NotFoundHandler } from 'hono'
import { METHOD_NAME_ALL } from 'hono/router'
import { TrieRouter } from 'hono/router/trie-router'
import type { Env } from './env.ts'
import { refuse } from './on-error.ts'

/** Call it after the last route is mounted: it knows the routes that `app` has then. */
export function notFound(app: Hono<Env>): NotFoundHandler<Env> {
  const methodsByPath = new TrieRouter<string>()
  for (const { method, path } of app.routes)
    if (method !== METHOD_NAME_ALL) methodsByPath.add(METHOD_NAME_ALL, path, method)

  return (c) => {
    const [matches] = methodsByPath.match(METHOD_NAME_ALL, c.req.path)
    const methods = new Set(matches.map(([method]) => method))
    if (methods.size === 0) return refuse(c, new AppError('ROUTE_NOT_FOUND'))
    if (methods.has('GET')) methods.add('HEAD')
    c.header('Allow', [...methods].sort().join(', '))
    return refuse(c, new AppError('METHOD_NOT_ALLOWED'))
  }
}
