/** Real pages in a real browser, before the whole system and its gateway. */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { WatchMessage } from '@mopl/contracts/realtime'
import { eventually } from '@mopl/infrastructure/eventually'
import { createTestDatabase, type TestDatabase, testEnv } from '@mopl/infrastructure/testing'
import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Browser } from 'playwright-core'
import { readLocalSecrets } from '../secrets.ts'
import { startSystem, type System } from '../system.ts'
import { newVisitor, signIn, type Visitor } from '../tour/accounts.ts'
import { RestClient } from '../tour/rest-client.ts'
import { openBrowser, openPage, type VisitPage } from './browser.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'mopl-browser-'))
const secrets = readLocalSecrets()
let database: TestDatabase
let system: System
let browser: Browser
let contentId: string

beforeAll(async () => {
  database = await createTestDatabase()
  system = await startSystem({
    dataDir,
    secrets,
    external: { databaseUrl: database.url, redisUrl: testEnv('REDIS_URL'), kafkaBrokers: testEnv('KAFKA_BROKERS') },
    kafkaPrefix: `browser-${randomUUID()}-`,
  })
  browser = await openBrowser()
  const admin = new RestClient(system.url)
  await signIn(admin, secrets.ADMIN_EMAIL, secrets.ADMIN_PASSWORD)
  contentId = await aContent(admin)
})

afterAll(async () => {
  await browser.close()
  await system.stop()
  await database.close()
  rmSync(dataDir, { recursive: true })
})

async function aContent(admin: RestClient): Promise<string> {
  const form = new FormData()
  form.set('request', JSON.stringify({ type: 'movie', title: '기생충', description: '', tags: [] }))
  return ((await admin.call('POST', '/api/contents', 201, form)) as { id: string }).id
}

const watch = () => `/sub/contents/${contentId}/watch`
const chat = () => `/sub/contents/${contentId}/chat`
const say = (content: string) => [`/pub/contents/${contentId}/chat`, { content }] as const
const tokenOf = ({ rest }: Visitor) => rest.accessToken ?? ''

async function enter(page: VisitPage, visitor: Visitor, transport?: string): Promise<void> {
  await page.call('connect', system.url, tokenOf(visitor), transport)
  await page.call('subscribe', watch())
  await page.call('subscribe', chat())
}

async function aWatcher(name: string): Promise<{ visitor: Visitor; page: VisitPage }> {
  const [visitor, page] = await Promise.all([newVisitor(system.url, name), openPage(browser, system.url)])
  await enter(page, visitor)
  return { visitor, page }
}

/** Who came and went, as the page saw it. */
async function comings(page: VisitPage): Promise<string[]> {
  const messages = (await page.call('received')).filter(({ destination }) => destination === watch())
  return messages.map(({ body }) => {
    const { type, watchingSession, watcherCount } = body as WatchMessage
    return `${type} ${watchingSession.watcher.name} ${watcherCount}`
  })
}

async function lines(page: VisitPage): Promise<unknown[]> {
  return (await page.call('received')).filter(({ destination }) => destination === chat()).map(({ body }) => body)
}

test('R2 R4 C2 two pages watch and chat, and one that is reloaded neither leaves nor joins', async () => {
  const ann = await aWatcher('Ann')
  const bob = await aWatcher('Bob')
  const eve = await aWatcher('Eve')
  expect(await ann.page.call('transport')).toBe('websocket')
  await ann.page.call('send', ...say('안녕 <b>여러분</b>'))
  for (const { page } of [ann, bob]) await eventually('the line', async () => (await lines(page)).length === 1)
  expect(await lines(bob.page)).toEqual([
    { sender: { userId: ann.visitor.userId, name: 'Ann' }, content: '안녕 <b>여러분</b>' },
  ])

  await ann.page.reload()
  await enter(ann.page, ann.visitor)
  // Eve is lost after Ann was: once Eve's grace has run out, Ann's has.
  await eve.page.page.close()
  await eventually('Eve is gone', async () => (await comings(bob.page)).includes('LEAVE Eve 2'))
  expect(await comings(bob.page)).toEqual(['JOIN Bob 2', 'JOIN Eve 3', 'LEAVE Eve 2'])

  await bob.page.call('send', ...say('돌아왔네요'))
  await eventually('the line after the reload', async () => (await lines(ann.page)).length === 1)
  await ann.page.call('disconnect')
  await bob.page.call('disconnect')
})

test('E2 D2 D4 a page that looks elsewhere is told of a direct message by its event stream', async () => {
  const [ann, bob] = [await aWatcher('Ann'), await aWatcher('Bob')]
  await bob.page.call('openStream', system.url, tokenOf(bob.visitor))
  const { id } = (await ann.visitor.rest.call('POST', '/api/conversations', 200, {
    withUserId: bob.visitor.userId,
  })) as { id: string }
  await ann.page.call('send', `/pub/conversations/${id}/direct-messages`, { content: '같이 볼래요?' })
  const eventsOf = async (name: string) => (await bob.page.call('events')).filter(({ event }) => event === name)
  await eventually('both events', async () => {
    const [messages, notifications] = [await eventsOf('direct-messages'), await eventsOf('notifications')]
    return messages.length === 1 && notifications.length === 1
  })
  expect(await eventsOf('direct-messages')).toMatchObject([
    { body: { conversationId: id, sender: { name: 'Ann' }, content: '같이 볼래요?' } },
  ])
  await ann.page.call('disconnect')
  await bob.page.call('disconnect')
})

test.each([
  'websocket',
  'xhr-streaming',
  'xhr-polling',
  'eventsource',
  'htmlfile',
  'jsonp-polling',
  'iframe-eventsource',
  'iframe-htmlfile',
  'iframe-xhr-polling',
])('J5 sockjs-client works through the gateway with %s', async (transport) => {
  const [visitor, page] = await Promise.all([newVisitor(system.url, 'Ann'), openPage(browser, system.url)])
  await enter(page, visitor, transport)
  expect(await page.call('transport')).toBe(transport)
  const content = `${transport} </script><!-- \u2028 👋`
  await page.call('send', ...say(content))
  await eventually('the line', async () => (await lines(page)).length === 1)
  expect(await lines(page)).toMatchObject([{ content }])
  expect(await comings(page)).toEqual(['JOIN Ann 1'])
  await page.call('disconnect')
  await page.page.close()
})
