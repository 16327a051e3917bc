/** What is published while an instance's link to Redis is down reaches nobody there by itself. */
import type { ContentSummary, PlaybackState, WatchMessage } from '@mopl/contracts/realtime'
import { openDoor } from '@mopl/infrastructure/testing-door'
import { eventually, type TestApp } from '@mopl/infrastructure/testing'
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { type OwnRedis, startOwnRedis } from '../testing/own-redis.ts'
import { openSetting, type Setting } from '../testing/setting.ts'
import { StompClient } from '../testing/stomp-client.ts'

setDefaultTimeout(60_000)

let ownRedis: OwnRedis
let setting: Setting
let app: TestApp

beforeAll(async () => {
  ownRedis = await startOwnRedis()
  setting = await openSetting(ownRedis.url)
  app = await setting.startSocket()
})
afterAll(async () => {
  await setting.close()
  await ownRedis.close()
})

const signIn = async () => StompClient.signIn(app.url, (await setting.aPerson()).token)
const loseLink = () => setting.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub')

async function say(client: StompClient, { id }: ContentSummary, content: string): Promise<void> {
  client.send(`SEND\ndestination:/pub/contents/${id}/chat\nreceipt:${content}\n\n${JSON.stringify({ content })}`)
  await client.next('RECEIPT', ({ headers }) => headers['receipt-id'] === content)
}

async function lines(client: StompClient, count: number): Promise<string[]> {
  const received = []
  while (received.length < count) received.push((await client.nextMessage<{ content: string }>('chat', 5_000)).content)
  return received
}

test.each([0, 1])(
  'C7 lines said while the link is down come when it is back, in order, after %p before',
  async (before) => {
    const content = await setting.aContent()
    const [speaker, listener] = [await signIn(), await signIn()]
    await listener.subscribe(`/sub/contents/${content.id}/chat`, 'chat')
    const expected = []
    for (let at = 0; at < before; at += 1) {
      await say(speaker, content, `before ${at}`)
      expected.push(`before ${at}`)
    }
    await loseLink()
    for (const line of ['one', 'two', 'three']) await say(speaker, content, line)
    expected.push('one', 'two', 'three')
    expect(await lines(listener, expected.length)).toEqual(expected)
    await say(speaker, content, 'four')
    expect(await lines(listener, 1)).toEqual(['four'])
    expect(listener.frames).toEqual([])
  },
)

test('K3 C7 links that die in silence are noticed and replaced within five seconds, and what was said meanwhile comes then', async () => {
  const content = await setting.aContent()
  const door = await openDoor('127.0.0.1', Number(new URL(ownRedis.url).port))
  const behind = await setting.startSocket({ REDIS_URL: `redis://127.0.0.1:${door.port}` })
  const listener = await StompClient.signIn(behind.url, (await setting.aPerson()).token)
  await listener.subscribe(`/sub/contents/${content.id}/chat`, 'chat')
  const speaker = await signIn()
  for (let round = 0; round < 3; round += 1) {
    door.strand()
    const strandedAt = performance.now()
    await say(speaker, content, `said ${round}`)
    expect(await lines(listener, 1)).toEqual([`said ${round}`])
    expect(performance.now() - strandedAt).toBeLessThan(5_000)
  }
  await behind.close()
  await door.shut()
})

test('P1 a change of the playback while the link is down is known when it is back', async () => {
  const content = await setting.aContent()
  const [host, guest] = [await signIn(), await signIn()]
  await host.subscribe(`/sub/contents/${content.id}/watch`, 'watch')
  await guest.subscribe(`/sub/contents/${content.id}/playback`, 'playback')
  expect(await guest.nextMessage<PlaybackState>('playback')).toMatchObject({ isPlaying: false })
  await loseLink()
  host.send(`SEND\ndestination:/pub/contents/${content.id}/playback\nreceipt:play\n\n{"action":"play"}`)
  expect((await host.next('RECEIPT', ({ headers }) => headers['receipt-id'] === 'play')).headers['outcome']).toBe(
    'applied',
  )
  expect(await guest.nextMessage<PlaybackState>('playback', 5_000)).toMatchObject({ isPlaying: true })
})

test('C7 C5 links lost again and again while people talk: everybody gets every line once, in order', async () => {
  const content = await setting.aContent()
  const other = await setting.startSocket()
  const chat = `/sub/contents/${content.id}/chat`
  const signInAt = async ({ url }: TestApp) => StompClient.signIn(url, (await setting.aPerson()).token)
  const [speaker, ...listeners] = await Promise.all([app, app, other].map(signInAt))
  for (const listener of listeners) await listener.subscribe(chat, 'chat')
  const contents = (client: StompClient) =>
    client.frames.flatMap(({ command, body }) =>
      command === 'MESSAGE' ? [(JSON.parse(body) as { content: string }).content] : [],
    )
  /** Subscribes as soon as the instance lets it. */
  const comeBack = async (lastMessageId: string) =>
    eventually('the client is back', async () => {
      const client = await signInAt(other)
      client.send(`SUBSCRIBE\nid:chat\ndestination:${chat}\nlast-message-id:${lastMessageId}\nreceipt:back\n\n`)
      const isBack = () => client.frames.some(({ command }) => command === 'RECEIPT')
      await eventually('an answer', () => isBack() || client.closed !== undefined)
      return isBack() ? client : undefined
    })

  await say(speaker!, content, 'first')
  const expected = ['first']
  for (let round = 0; round < 5; round += 1) {
    await eventually('all have heard', () => listeners.every((each) => contents(each).length === expected.length))
    const last = listeners[0]?.frames.findLast(({ command }) => command === 'MESSAGE')?.headers['message-id'] ?? ''
    const before = expected.length
    await loseLink()
    let coming: Promise<StompClient> | undefined
    // No more than is kept, so that nobody is entitled to a hole.
    for (let line = 0; line < 40; line += 1) {
      await say(speaker!, content, `${round}-${line}`)
      expected.push(`${round}-${line}`)
      // Spread over the time until the link is back, and some more.
      for (let pause = 0; pause < 10; pause += 1) await setting.redis.ping()
      if (line === round * 8) coming = comeBack(last)
    }
    const back = await coming
    const missed = expected.slice(before)
    await eventually('who came back has all', () => back !== undefined && contents(back).length >= missed.length)
    expect(contents(back!)).toEqual(missed)
    back?.drop()
  }
  await eventually('all have heard', () => listeners.every((each) => contents(each).length >= expected.length))
  for (const listener of listeners) expect(contents(listener)).toEqual(expected)
})

test('R13 who leaves while the link is down is no ghost: the count comes when it is back, and that something is untold', async () => {
  const content = await setting.aContent()
  const [stays, leaves] = [await signIn(), await signIn()]
  for (const client of [stays, leaves]) await client.subscribe(`/sub/contents/${content.id}/watch`, 'watch')
  const own = await stays.nextMessage<WatchMessage>('watch')
  expect(await stays.nextMessage<WatchMessage>('watch')).toMatchObject({ type: 'JOIN', watcherCount: 2 })
  await loseLink()
  leaves.send('UNSUBSCRIBE\nid:watch\nreceipt:left\n\n')
  await leaves.next('RECEIPT', ({ headers }) => headers['receipt-id'] === 'left')
  expect(await stays.nextMessage<WatchMessage>('watch', 5_000)).toEqual({ ...own, watcherCount: 1, omitted: 1 })
  await leaves.subscribe(`/sub/contents/${content.id}/watch`, 'again')
  const back = await stays.nextMessage<WatchMessage>('watch')
  expect(back).toMatchObject({ type: 'JOIN', watcherCount: 2 })
  expect(back.omitted).toBeUndefined()
})
