/** Tells the caches what a write may have changed, so that its author reads it at once. */
import type { Log } from '@mopl/infrastructure/log'
import type { MiddlewareHandler } from 'hono'
import type { Env } from './env.ts'

/**
 * Calls `forget` with the path's `parameter`, if it has one, before the answer leaves; also when the handler failed, which may have been
 * after the commit. Stands outside `once`, whose transaction ends after the handler.
 *
 * A Redis that is away keeps no write from being answered; what it still has is gone after `ttlSeconds.answers`.
 */
export function forgetAfter(
  { log }: { log: Log },
  parameter: string,
  forget: (ids: readonly string[]) => Promise<void>,
): MiddlewareHandler<Env> {
  return async (c, next) => {
    await next()
    // Lower-cased as `Uuid` reads it.
    const id = c.req.param(parameter)?.toLowerCase()
    await forget(id === undefined ? [] : [id]).catch((err: unknown) =>
      log.warn({ err, [parameter]: id }, 'cached answers not forgotten'),
    )
  }
}
