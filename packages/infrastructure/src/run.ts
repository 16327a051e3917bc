/** The life of a process: read the environment, start, wait for a signal, let go in reverse order, exit 0. */
import type * as v from 'valibot'
import { type AppEnv, ConfigError, readEnv } from './config.ts'
import { createLog, type Log } from './log.ts'
import { Resources } from './resources.ts'

export type AppContext<E> = { env: E; log: Log; resources: Resources }

/**
 * Runs `start`, which opens what the app needs and registers it in `resources`, then waits for SIGTERM or SIGINT.
 * A start that fails is one log line and exit code 1. A shutdown longer than `SHUTDOWN_TIMEOUT_MS` is cut off with exit code 1.
 */
export async function runApp<S extends v.GenericSchema<unknown, v.InferOutput<typeof AppEnv>>>(
  name: string,
  schema: S,
  start: (context: AppContext<v.InferOutput<S>>) => Promise<void>,
): Promise<void> {
  let log = createLog(name, 'info')
  const resources = new Resources()
  const stopping = untilSignal()
  try {
    const env = readEnv(schema)
    log = createLog(name, env.LOG_LEVEL)
    await start({ env, log, resources })
    log.info({ port: env.PORT }, 'started')
    log.info({ signal: await stopping }, 'stopping')
    // Who is in the middle of something gets half of the time to finish it; the other half is for letting go.
    setTimeout(() => resources.abandon(), env.SHUTDOWN_TIMEOUT_MS / 2).unref()
    setTimeout(() => {
      log.error('shutdown took too long, leaving')
      process.exit(1)
    }, env.SHUTDOWN_TIMEOUT_MS).unref()
  } catch (error) {
    process.exitCode = 1
    log.fatal(error instanceof ConfigError ? { reason: error.message } : { err: error }, 'could not start')
  }
  await resources.close((resource, err) => log.error({ err, resource }, 'could not close'))
  log.info('stopped')
}

/** The first SIGTERM or SIGINT. */
export function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal))
  })
}
