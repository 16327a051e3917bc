import { expect, test } from 'bun:test'
import { readEnv } from '@mopl/infrastructure/config'
import { ApiEnv } from './env.ts'
import { isIn } from '@mopl/infrastructure/networks'
import { defaultRateLimits } from './http/rate-limits.ts'

const complete = {
  PORT: '8080',
  DATABASE_URL: 'postgres://localhost/mopl',
  REDIS_URL: 'redis://localhost',
  JWT_SECRET: 'x'.repeat(32),
  ADMIN_EMAIL: 'admin@mopl.test',
  ADMIN_PASSWORD: 'admin password',
  ADMIN_NAME: '관리자',
  MEDIA_DIR: '/media',
}

test('limits and proxies have defaults, which single values replace', () => {
  const byDefault = readEnv(ApiEnv, complete)
  expect(byDefault.RATE_LIMITS).toEqual(defaultRateLimits)
  expect(isIn(byDefault.TRUSTED_PROXIES, '127.0.0.1')).toBe(true)
  expect(isIn(byDefault.TRUSTED_PROXIES, '10.0.0.1')).toBe(false)

  const changed = { ...complete, RATE_LIMITS: 'signUpPerAddress=5/60', TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.1' }
  const env = readEnv(ApiEnv, changed)
  expect(env.RATE_LIMITS).toEqual({ ...defaultRateLimits, signUpPerAddress: { requests: 5, seconds: 60 } })
  expect(isIn(env.TRUSTED_PROXIES, '10.200.0.1')).toBe(true)
})

test.each([
  ['RATE_LIMITS', 'signUp=5/60'],
  ['RATE_LIMITS', 'signUpPerAddress=0/60'],
  ['RATE_LIMITS', 'signUpPerAddress'],
  ['TRUSTED_PROXIES', 'nginx'],
])('%s=%s is refused by name', (name, value) => {
  expect(() => readEnv(ApiEnv, { ...complete, [name]: value })).toThrow(name)
})
