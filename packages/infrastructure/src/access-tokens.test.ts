import { AppError } from '@mopl/contracts/errors'
import { ttlSeconds } from '@mopl/contracts/redis-keys'
import { describe, expect, test } from 'bun:test'
import { generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import { createAccessTokens } from './access-tokens.ts'
import { newId } from './ids.ts'
import { failureOf } from './testing.ts'

const secret = 'a secret of at least thirty-two characters'
const key = new TextEncoder().encode(secret)
const tokens = createAccessTokens(secret)
const [userId, sessionId] = [newId(), newId()]
const now = Math.floor(Date.now() / 1_000)

const claims = { role: 'USER', sid: sessionId, sub: userId, iss: 'mopl', aud: 'mopl-clients', iat: now, exp: now + 60 }

function signed(changes: Record<string, unknown>, alg = 'HS256', signingKey: Uint8Array | CryptoKey = key) {
  return new SignJWT({ ...claims, ...changes }).setProtectedHeader({ alg }).sign(signingKey)
}

test('a token that we signed names its user, role and session', async () => {
  const token = await tokens.sign({ id: userId, role: 'ADMIN', sessionId })
  const read = await tokens.verify(token)
  expect(read).toMatchObject({ sub: userId, role: 'ADMIN', sid: sessionId })
  expect(read.exp - read.iat).toBe(ttlSeconds.accessToken)
})

test('the token that the refusals below are variations of is accepted', async () => {
  expect(await tokens.verify(await signed({}))).toMatchObject({ sub: userId })
})

test('a token that was accepted before is refused once it has expired', async () => {
  let time = Date.now()
  const slow = createAccessTokens(secret, { now: () => time, remembered: 10 })
  const token = await signed({ exp: now + 60 })
  expect(await slow.verify(token)).toEqual(await slow.verify(token))
  time = (now + 60) * 1_000 - 1
  expect(await slow.verify(token)).toMatchObject({ sub: userId })
  time += 1
  expect(await failureOf(slow.verify(token))).toMatchObject({ code: 'INVALID_TOKEN' })
})

test('a token that differs in anything from one that was accepted is checked by itself', async () => {
  const remembering = createAccessTokens(secret, { remembered: 10 })
  const token = await signed({})
  await remembering.verify(token)
  expect(await failureOf(remembering.verify(tampered(token)))).toMatchObject({ code: 'INVALID_TOKEN' })
})

describe('refused as INVALID_TOKEN', () => {
  const rsa = generateKeyPair('RS256')
  const cases: [string, () => Promise<string> | string][] = [
    ['no signature (alg none)', () => new UnsecuredJWT(claims).encode()],
    ['another algorithm with the same key', () => signed({}, 'HS384', new TextEncoder().encode(secret.repeat(2)))],
    ['an asymmetric algorithm', async () => signed({}, 'RS256', (await rsa).privateKey)],
    ['another secret', () => signed({}, 'HS256', new TextEncoder().encode(`${secret}!`))],
    ['no exp', () => signed({ exp: undefined })],
    ['no iat', () => signed({ iat: undefined })],
    ['no sub', () => signed({ sub: undefined })],
    ['no session', () => signed({ sid: undefined })],
    ['another audience', () => signed({ aud: 'elsewhere' })],
    ['no audience', () => signed({ aud: undefined })],
    ['another issuer', () => signed({ iss: 'elsewhere' })],
    ['expired', () => signed({ exp: now - 1 })],
    ['not yet in force', () => signed({ nbf: now + 60 })],
    ['a role that is none', () => signed({ role: 'ROOT' })],
    ['a subject that is no id', () => signed({ sub: "' or 1=1" })],
    ['tampered claims', async () => tampered(await signed({}))],
    ['not a token', () => 'x.y.z'],
    ['nothing', () => ''],
  ]
  test.each(cases)('%s', async (_, make) => {
    const failure = await failureOf(tokens.verify(await make()))
    expect(failure).toBeInstanceOf(AppError)
    expect(failure).toMatchObject({ code: 'INVALID_TOKEN', details: {} })
  })
})

function tampered(token: string): string {
  const [header, , signature] = token.split('.')
  const admin = Buffer.from(JSON.stringify({ ...claims, role: 'ADMIN' })).toString('base64url')
  return [header, admin, signature].join('.')
}
