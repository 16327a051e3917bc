import { afterAll, beforeEach, expect, test } from 'bun:test'
import { deadLetterTopic, topics } from '@mopl/contracts/topics'
import { newEvent } from '@mopl/infrastructure/events'
import { users } from '@mopl/infrastructure/tables'
import { eventually, freePort } from '@mopl/infrastructure/testing'
import { eq } from 'drizzle-orm'
import { aUser, createTestSystem, emitted, metricOf, produced } from './testing.ts'
import { type MailServer, passwordIn, startMailServer } from './testing-mail.ts'

const consumer = 'mopl-password-resets'
const port = await freePort()
const system = await createTestSystem()
const { db, probe } = system
let server: MailServer = await startMailServer(port)
const worker = await system.startWorker({ SMTP_URL: `smtp://127.0.0.1:${port}`, MAIL_FROM: '모플 <mopl@mopl.test>' })
const dead = await probe.consume([deadLetterTopic(topics.user, consumer)])

afterAll(async () => {
  await system.close()
  await server.close()
})
beforeEach(() => server.refuseWith(undefined))

const requested = (userId: string) =>
  newEvent('user.password-reset-requested', userId, { userId, email: `${userId}@example.com` }, 'r')

async function accountOf(userId: string) {
  const [user] = await db.select().from(users).where(eq(users.id, userId))
  if (user === undefined) throw new Error(`no user ${userId}`)
  return user
}

const mailTo = (userId: string) => server.received.filter(({ to }) => to.includes(`${userId}@example.com`))
const handled = async () => (await metricOf(worker, 'mopl_worker_events_handled_total', `consumer="${consumer}"`)) ?? 0

/** Waits until everything that is in the topic by now has been handled: a request of somebody else comes last. */
async function caughtUp(): Promise<void> {
  const last = await aUser(db)
  await emitted(db, requested(last))
  await eventually('the last request is handled', async () => mailTo(last).length === 1, 20_000)
}

test('a reset mails a temporary password that is valid for three minutes, and nobody else learns it', async () => {
  const userId = await aUser(db, '홍길동')
  await emitted(db, requested(userId))
  const [mail] = await eventually('the mail', () => mailTo(userId).length === 1 && mailTo(userId), 20_000)
  expect(mail!.head).toMatch(/^From: .*<mopl@mopl\.test>\r?$/m)
  expect(mail!.text).toStartWith('홍길동님,')
  const password = passwordIn(mail!)
  const account = await eventually('the hash', async () => {
    const account = await accountOf(userId)
    return account.temporaryPasswordHash === null ? undefined : account
  })
  expect(account.temporaryPasswordHash).toStartWith('$argon2id$v=19$m=19456,t=2,p=1$')
  expect(await Bun.password.verify(password, account.temporaryPasswordHash!)).toBe(true)
  const validMs = account.temporaryPasswordExpiresAt!.getTime() - Date.now()
  expect(validMs).toBeWithin(170_000, 180_001)
  expect(account.passwordHash).toBeNull()
  expect(worker.output()).not.toContain(password)
})

test('a second delivery sends nothing and replaces nothing, also after the password was used up', async () => {
  const userId = await aUser(db)
  const event = await emitted(db, requested(userId))
  await eventually('the mail', () => mailTo(userId).length === 1, 20_000)
  const { temporaryPasswordHash } = await eventually('the hash', async () => {
    const account = await accountOf(userId)
    return account.temporaryPasswordHash === null ? undefined : account
  })
  await produced(probe, event)
  await caughtUp()
  expect((await accountOf(userId)).temporaryPasswordHash).toBe(temporaryPasswordHash)

  await db
    .update(users)
    .set({ temporaryPasswordHash: null, temporaryPasswordExpiresAt: null })
    .where(eq(users.id, userId))
  await produced(probe, event)
  await caughtUp()
  expect((await accountOf(userId)).temporaryPasswordHash).toBeNull()
  expect(mailTo(userId)).toHaveLength(1)
})

test('a second request makes the first password void', async () => {
  const userId = await aUser(db)
  await emitted(db, requested(userId))
  await emitted(db, requested(userId))
  await eventually('both mails', () => mailTo(userId).length === 2, 20_000)
  await caughtUp()
  const hash = (await accountOf(userId)).temporaryPasswordHash!
  const valid = await Promise.all(mailTo(userId).map((mail) => Bun.password.verify(passwordIn(mail), hash)))
  expect(valid).toEqual([false, true])
})

test('a server that puts mail off is waited for: nothing changes until it takes the mail, nothing is put aside', async () => {
  const userId = await aUser(db)
  server.refuseWith(451)
  const before = server.refusals()
  await emitted(db, requested(userId))
  await eventually('two refusals', () => server.refusals() >= before + 2, 20_000)
  expect((await accountOf(userId)).temporaryPasswordHash).toBeNull()
  server.refuseWith(undefined)
  await eventually('the mail', () => mailTo(userId).length === 1, 20_000)
  await eventually('the hash', async () => (await accountOf(userId)).temporaryPasswordHash !== null)
  expect(dead.messages.filter(({ key }) => key === userId)).toEqual([])
})

test('so is a server that is away', async () => {
  const userId = await aUser(db)
  await server.close()
  const waits = () => metricOf(worker, 'mopl_worker_dependency_waits_total', `consumer="${consumer}"`)
  const before = (await waits()) ?? 0
  await emitted(db, requested(userId))
  await eventually('the worker waits', async () => ((await waits()) ?? 0) > before, 20_000)
  server = await startMailServer(port)
  await eventually('the mail', () => mailTo(userId).length === 1, 20_000)
  const hash = await eventually('the hash', async () => (await accountOf(userId)).temporaryPasswordHash ?? undefined)
  expect(await Bun.password.verify(passwordIn(mailTo(userId)[0]!), hash)).toBe(true)
})

test('mail that is refused for good is put aside without the password, and changes nothing', async () => {
  const userId = await aUser(db)
  server.refuseWith(550)
  const event = await emitted(db, requested(userId))
  const [letter] = await eventually(
    'the dead letter',
    () => {
      const own = dead.messages.filter(({ key }) => key === userId)
      return own.length > 0 && own
    },
    30_000,
  )
  expect(JSON.parse(letter!.value)).toEqual(event)
  expect(await accountOf(userId)).toMatchObject({ temporaryPasswordHash: null, temporaryPasswordExpiresAt: null })
  expect(mailTo(userId)).toEqual([])
})

test('a server that breaks off once it has the mail gets it a few times, and not for ever', async () => {
  const userId = await aUser(db)
  server.breakOff(true)
  await emitted(db, requested(userId))
  await eventually('the dead letter', () => dead.messages.some(({ key }) => key === userId), 30_000)
  server.breakOff(false)
  expect(mailTo(userId)).toHaveLength(4)
  expect((await accountOf(userId)).temporaryPasswordHash).toBeNull()
}, 40_000)

test('a request that lay around for too long, or of an account that is gone, sends nothing', async () => {
  const userId = await aUser(db)
  const stale = { ...requested(userId), occurredAt: new Date(Date.now() - 601_000).toISOString() }
  await produced(probe, stale)
  const gone = requested(crypto.randomUUID())
  await produced(probe, gone)
  await caughtUp()
  expect(mailTo(userId)).toEqual([])
  expect(mailTo(gone.key)).toEqual([])
  expect(await handled()).toBeGreaterThan(0)
})
