import { newId } from '@mopl/infrastructure/ids'
import { testEnv } from '@mopl/infrastructure/testing'
import { afterAll, expect, test } from 'bun:test'
import { Redis } from 'ioredis'
import * as v from 'valibot'
import { createLookup } from './lookup.ts'

const redis = new Redis(testEnv('REDIS_URL'))
afterAll(() => redis.disconnect())

const claims = { sub: newId(), role: 'USER', sid: newId(), iat: 0, exp: 0 } as const
const key = (id: string) => `test:lookup:${id}`

/** A lookup whose questions wait, in their order, until the test answers them. */
function aLookup() {
  const questions: PromiseWithResolvers<{ name: string } | undefined>[] = []
  const lookup = createLookup({
    redis,
    key,
    schema: v.pipe(v.string(), v.parseJson(), v.object({ name: v.string() })),
    toText: JSON.stringify,
    notFound: 'USER_NOT_FOUND',
    isHot: false,
    async ask() {
      const question = Promise.withResolvers<{ name: string } | undefined>()
      questions.push(question)
      return question.promise
    },
  })
  const asked = async (count: number) => {
    while (questions.length < count) await redis.ping()
  }
  return { get: (id: string) => lookup.get(id, claims), questions, asked }
}

test('an answer is kept, and not asked for again', async () => {
  const [{ get, questions, asked }, id] = [aLookup(), newId()]
  const first = get(id)
  await asked(1)
  questions[0]!.resolve({ name: 'Mina' })
  expect(await first).toEqual({ name: 'Mina' })
  expect(await get(id)).toEqual({ name: 'Mina' })
  expect(questions).toHaveLength(1)
  expect(await redis.ttl(key(id))).toBeGreaterThan(0)
})

test('an answer that was under way when its subject changed is not kept', async () => {
  const [{ get, questions, asked }, id] = [aLookup(), newId()]
  const before = get(id)
  await asked(1)
  await redis.del(key(id))
  questions[0]!.resolve({ name: 'old' })
  expect(await before).toEqual({ name: 'old' })
  const after = get(id)
  await asked(2)
  questions[1]!.resolve({ name: 'new' })
  expect(await after).toEqual({ name: 'new' })
  expect(await get(id)).toEqual({ name: 'new' })
  expect(questions).toHaveLength(2)
})

test('nor is it when it comes after the answer to somebody who asked later', async () => {
  const [{ get, questions, asked }, id] = [aLookup(), newId()]
  const before = get(id)
  await asked(1)
  await redis.del(key(id))
  const after = get(id)
  await asked(2)
  questions[1]!.resolve({ name: 'new' })
  await after
  questions[0]!.resolve({ name: 'old' })
  await before
  expect(await get(id)).toEqual({ name: 'new' })
})

test('who asks for what somebody else has asked for does not wait for him, and a refusal is not kept', async () => {
  const [{ get, questions, asked }, id] = [aLookup(), newId()]
  const refused = get(id)
  await asked(1)
  const other = get(id)
  await asked(2)
  questions[1]!.resolve({ name: 'Mina' })
  expect(await other).toEqual({ name: 'Mina' })
  questions[0]!.resolve(undefined)
  expect(await refused.catch(String)).toContain('USER_NOT_FOUND')
  expect(await get(id)).toEqual({ name: 'Mina' })
  expect(questions).toHaveLength(2)
})

test('what is unreadable is asked for, and replaced', async () => {
  const [{ get, questions, asked }, id] = [aLookup(), newId()]
  await redis.set(key(id), '{"title":"of another version"}')
  const asking = get(id)
  await asked(1)
  questions[0]!.resolve({ name: 'Mina' })
  await asking
  expect(await get(id)).toEqual({ name: 'Mina' })
})
