/** Environment variables, read once per process in `main`, parsed by valibot, all problems reported together. */
import * as v from 'valibot'

/** The process refuses to start; `message` is one sentence that names every variable at fault, never a value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

const integer = (fallback: string, min: number, max: number) =>
  v.pipe(
    v.optional(v.string(), fallback),
    v.regex(/^\d+$/, 'must be a whole number'),
    v.transform(Number),
    v.minValue(min, `must be at least ${min}`),
    v.maxValue(max, `must be at most ${max}`),
  )

const required = v.pipe(v.string('is required'), v.nonEmpty('is required'))
const url = (...schemes: string[]) =>
  v.pipe(
    required,
    v.check(
      (value) => schemes.some((scheme) => value.startsWith(`${scheme}://`)),
      `must start with ${schemes.map((s) => `${s}://`).join(' or ')}`,
    ),
  )

/** A comma-separated list; empty entries are dropped. */
export const List = v.pipe(
  v.optional(v.string(), ''),
  v.transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  ),
)

export const Flag = v.pipe(
  v.optional(v.picklist(['true', 'false'], 'must be true or false'), 'false'),
  v.transform((text) => text === 'true'),
)

export const Required = required
export const Integer = integer

/** What every app has: its port (public routes and `/actuator/*` share it), its log level, its patience at the end. */
export const AppEnv = v.object({
  PORT: v.pipe(
    v.string('is required'),
    v.regex(/^\d+$/, 'must be a port'),
    v.transform(Number),
    v.maxValue(65535, 'must be a port'),
  ),
  HOST: v.optional(v.string(), '127.0.0.1'),
  LOG_LEVEL: v.optional(
    v.picklist(['trace', 'debug', 'info', 'warn', 'error', 'silent'], 'must be a pino level'),
    'info',
  ),
  SHUTDOWN_TIMEOUT_MS: integer('10000', 100, 600_000),
})

export const PostgresEnv = v.object({
  DATABASE_URL: url('postgres', 'postgresql'),
  DATABASE_POOL_SIZE: integer('10', 1, 200),
})

export const RedisEnv = v.object({ REDIS_URL: url('redis', 'rediss') })

/** The prefixes keep several systems (and every test) apart on one cluster; `kafka.ts` alone knows them. */
export const KafkaEnv = v.object({
  KAFKA_BROKERS: required,
  KAFKA_TOPIC_PREFIX: v.optional(v.string(), ''),
  KAFKA_GROUP_PREFIX: v.optional(v.string(), ''),
  /**
   * Longest wait of a fetch that finds nothing. A real broker answers as soon as there is something, so that 500 costs no
   * latency and spares it requests; librdkafka's mock cluster answers only when the wait is over.
   */
  KAFKA_FETCH_WAIT_MS: integer('10', 1, 5_000),
})

export const AccessTokenEnv = v.object({
  JWT_SECRET: v.pipe(required, v.minLength(32, 'must have at least 32 characters')),
})

/** @throws {ConfigError} naming every variable that is missing or wrong */
export function readEnv<S extends v.GenericSchema>(
  schema: S,
  source: Record<string, string | undefined> = process.env,
): v.InferOutput<S> {
  const result = v.safeParse(schema, source)
  if (result.success) return result.output
  const problems = result.issues.map(
    (issue) =>
      `${v.getDotPath(issue) ?? 'environment'} ${issue.kind === 'schema' && issue.input === undefined ? 'is required' : issue.message}`,
  )
  throw new ConfigError(`invalid configuration: ${problems.join(', ')}`)
}
