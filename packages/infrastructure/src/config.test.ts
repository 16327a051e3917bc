import { expect, test } from 'bun:test'
import * as v from 'valibot'
import { AccessTokenEnv, AppEnv, ConfigError, Flag, KafkaEnv, List, PostgresEnv, readEnv, RedisEnv } from './config.ts'

const Everything = v.object({
  ...AppEnv.entries,
  ...PostgresEnv.entries,
  ...RedisEnv.entries,
  ...KafkaEnv.entries,
  ...AccessTokenEnv.entries,
})

const valid = {
  PORT: '8081',
  DATABASE_URL: 'postgres://mopl:secret@db:5432/mopl',
  REDIS_URL: 'redis://redis:6379',
  KAFKA_BROKERS: 'kafka:29092',
  JWT_SECRET: 'x'.repeat(32),
}

function problems(source: Record<string, string | undefined>): string {
  try {
    readEnv(Everything, source)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return 'none'
}

test('what is not set has its documented default', () => {
  expect(readEnv(Everything, valid)).toMatchObject({
    PORT: 8081,
    HOST: '127.0.0.1',
    LOG_LEVEL: 'info',
    SHUTDOWN_TIMEOUT_MS: 10_000,
    DATABASE_POOL_SIZE: 10,
  })
})

test('all problems are told together, in one line', () => {
  const message = problems({ PORT: '99999', LOG_LEVEL: 'loud', DATABASE_URL: 'mysql://db', DATABASE_POOL_SIZE: '0' })
  expect(message).toBe(
    'invalid configuration: PORT must be a port, LOG_LEVEL must be a pino level, DATABASE_URL must start with ' +
      'postgres:// or postgresql://, DATABASE_POOL_SIZE must be at least 1, REDIS_URL is required, ' +
      'KAFKA_BROKERS is required, JWT_SECRET is required',
  )
})

test('no value is ever repeated', () => {
  const secrets = { ...valid, JWT_SECRET: 'too-short-secret', DATABASE_URL: 'http://hunter2@db', PORT: 'hunter3' }
  const message = problems(secrets)
  for (const value of ['too-short-secret', 'hunter2', 'hunter3']) expect(message).not.toContain(value)
})

test('an empty variable is as good as none', () => {
  expect(problems({ ...valid, DATABASE_URL: '', KAFKA_BROKERS: '' })).toMatch(/DATABASE_URL .*KAFKA_BROKERS/)
})

test('lists and flags are read leniently where it is harmless, strictly where it is not', () => {
  const Lists = v.object({ ORIGINS: List, SECURE: Flag })
  expect(readEnv(Lists, { ORIGINS: ' http://a ,, http://b' })).toEqual({
    ORIGINS: ['http://a', 'http://b'],
    SECURE: false,
  })
  expect(() => readEnv(Lists, { SECURE: 'yes' })).toThrow('SECURE must be true or false')
})
