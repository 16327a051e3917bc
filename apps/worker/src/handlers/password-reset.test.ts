import { afterAll, expect, test } from 'bun:test'
import { newEvent } from '@mopl/infrastructure/events'
import { isPostgresUnavailable, openPostgres } from '@mopl/infrastructure/postgres'
import { openRedis } from '@mopl/infrastructure/redis'
import { processedEvents, users } from '@mopl/infrastructure/tables'
import { createTestDatabase, failureOf, testEnv } from '@mopl/infrastructure/testing'
import { eq, sql } from 'drizzle-orm'
import pino from 'pino'
import type { Message } from '../mail.ts'
import { aUser } from '../testing.ts'
import { passwordIn } from '../testing-mail.ts'
import { passwordReset } from './password-reset.ts'

const log = pino({ level: 'silent' })
const database = await createTestDatabase()
const postgres = openPostgres({ url: database.url, poolSize: 3, application: 'password-reset', log })
const { db } = postgres
const opened = openRedis({ url: testEnv('REDIS_URL'), name: 'password-reset', log })
const { redis } = opened
afterAll(async () => {
  await opened.close()
  await postgres.close()
  await database.close()
})

test('when the commit fails after the mail, the next try mails another password, and the last one is the right one', async () => {
  const userId = await aUser(db)
  const event = newEvent('user.password-reset-requested', userId, { userId, email: 'a@b.test' }, 'r')
  const sent: Message[] = []
  const apply = (onSent: () => Promise<unknown>) => {
    const send = async (message: Message) => {
      sent.push(message)
      await onSent()
    }
    const deps = { db, redis, mail: { send, close: () => undefined } }
    return passwordReset.apply(deps, [event], new AbortController().signal)
  }

  const endTransactions = sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and state = 'idle in transaction'`
  const failure = await failureOf(apply(() => db.execute(endTransactions)))
  expect(isPostgresUnavailable(failure)).toBe(true)
  expect(await db.$count(processedEvents)).toBe(0)

  await apply(() => Promise.resolve())
  await apply(() => Promise.resolve())
  expect(sent).toHaveLength(2)
  const [user] = await db.select().from(users).where(eq(users.id, userId))
  const valid = await Promise.all(
    sent.map((mail) => Bun.password.verify(passwordIn(mail), user!.temporaryPasswordHash!)),
  )
  expect(valid).toEqual([false, true])
})
