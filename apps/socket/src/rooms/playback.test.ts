import type { ContentSummary, PlaybackState } from '@mopl/contracts/realtime'
import { redisKeys } from '@mopl/contracts/redis-keys'
import { eventually, type TestApp } from '@mopl/infrastructure/testing'
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { openSetting, type Person, type Setting } from '../testing/setting.ts'
import { StompClient } from '../testing/stomp-client.ts'

setDefaultTimeout(60_000)

let setting: Setting
let one: TestApp
let two: TestApp

beforeAll(async () => {
  setting = await openSetting()
  ;[one, two] = await Promise.all([setting.startSocket(), setting.startSocket()])
})
afterAll(() => setting.close())

/** A player as PROTOCOL.md describes it, on a machine whose clock is wrong. */
class Player {
  readonly client: StompClient
  readonly person: Person
  readonly #contentId: string
  readonly #clockErrorMs: number
  #offsetMs = 0
  #receipts = 0
  #state: PlaybackState | undefined

  constructor(client: StompClient, person: Person, content: ContentSummary, clockErrorMs: number) {
    this.client = client
    this.person = person
    this.#contentId = content.id
    this.#clockErrorMs = clockErrorMs
  }

  #ownTime(): number {
    return Date.now() + this.#clockErrorMs
  }

  async #send(what: string, body: object): Promise<Record<string, string>> {
    const receipt = `r${(this.#receipts += 1)}`
    this.client.send(
      `SEND\ndestination:/pub/contents/${this.#contentId}/${what}\nreceipt:${receipt}\n\n${JSON.stringify(body)}`,
    )
    return (await this.client.next('RECEIPT', ({ headers }) => headers['receipt-id'] === receipt)).headers
  }

  command(body: object): Promise<Record<string, string>> {
    return this.#send('playback', body)
  }

  async setClock(): Promise<void> {
    let quickest = Infinity
    for (let exchange = 0; exchange < 5; exchange += 1) {
      const sentAt = this.#ownTime()
      const { 'server-time': serverTime } = await this.#send('clock', {})
      const receivedAt = this.#ownTime()
      if (receivedAt - sentAt >= quickest) continue
      quickest = receivedAt - sentAt
      this.#offsetMs = Number(serverTime) - (sentAt + receivedAt) / 2
    }
  }

  /** The newest state of all that came. */
  get state(): PlaybackState | undefined {
    const arrived = this.client.frames.filter(({ headers }) => headers['subscription'] === 'playback')
    this.client.frames.length = 0
    for (const { body } of arrived) {
      const state = JSON.parse(body) as PlaybackState
      if (this.#state === undefined || state.version > this.#state.version) this.#state = state
    }
    return this.#state
  }

  async until(what: string, isIt: (state: PlaybackState) => boolean): Promise<PlaybackState> {
    return eventually(what, () => {
      const { state } = this
      return state !== undefined && isIt(state) ? state : undefined
    })
  }

  position(): number {
    const { state } = this
    if (state === undefined) return Number.NaN
    const { isPlaying, positionMs, rate, at } = state
    return isPlaying ? positionMs + Math.max(0, this.#ownTime() + this.#offsetMs - at) * rate : positionMs
  }
}

async function aPlayer(app: TestApp, content: ContentSummary, { clockErrorMs = 0, watches = true } = {}) {
  const person = await setting.aPerson()
  const client = await StompClient.signIn(app.url, person.token)
  if (watches) await client.subscribe(`/sub/contents/${content.id}/watch`, 'watch')
  await client.subscribe(`/sub/contents/${content.id}/playback`, 'playback')
  return new Player(client, person, content, clockErrorMs)
}

async function aRoomOfTwo() {
  const content = await setting.aContent()
  const host = await aPlayer(one, content)
  return { content, host, guest: await aPlayer(two, content) }
}

test('P1 P3 whoever subscribes gets the state at once, before the receipt', async () => {
  const { content, host, guest } = await aRoomOfTwo()
  expect(guest.state).toEqual({
    version: 0,
    action: 'none',
    isPlaying: false,
    positionMs: 0,
    rate: 1,
    at: expect.any(Number),
    control: 'everyone',
    host: host.person.userId,
    by: null,
  })
  expect(await guest.command({ action: 'play', positionMs: 1_000 })).toMatchObject({ outcome: 'applied' })
  const late = await aPlayer(one, content, { watches: false })
  expect(late.state).toMatchObject({ action: 'play', isPlaying: true, positionMs: 1_000, by: guest.person.userId })
  expect(await host.until('the play', ({ action }) => action === 'play')).toEqual(late.state!)
})

test('P2 P4 players whose clocks are minutes off show the same picture', async () => {
  const content = await setting.aContent()
  const players = await Promise.all([
    aPlayer(one, content, { clockErrorMs: 5 * 60_000 }),
    aPlayer(two, content, { clockErrorMs: -90_000 }),
    aPlayer(two, content),
  ])
  await Promise.all(players.map((player) => player.setClock()))
  const startedAt = performance.now()
  await players[0].command({ action: 'play', positionMs: 60_000 })
  await players[1].command({ action: 'rate', rate: 2 })
  await Promise.all(players.map((player) => player.until('twice the speed', ({ rate }) => rate === 2)))
  await eventually('two seconds of it have been played', () => players[2].position() > 62_000)
  const elapsedMs = performance.now() - startedAt
  const positions = players.map((player) => player.position())
  expect(Math.max(...positions) - Math.min(...positions)).toBeLessThan(100)
  expect(positions[2]! - 60_000).toBeLessThan(elapsedMs * 2 + 100)
})

test('P6 pausing keeps the position, seeking moves it, the rate counts while playing', async () => {
  const { host } = await aRoomOfTwo()
  await host.command({ action: 'rate', rate: 4 })
  await host.command({ action: 'play', positionMs: 10_000 })
  await eventually('something has been played', () => host.position() > 10_400)
  await host.command({ action: 'pause' })
  const paused = await host.until('the pause', ({ isPlaying }) => !isPlaying)
  expect(paused.positionMs).toBeGreaterThan(10_000)
  expect(Math.abs(host.position() - paused.positionMs)).toBe(0)
  await host.command({ action: 'seek', positionMs: 86_400_000 })
  const sought = await host.until('the seek', ({ action }) => action === 'seek')
  expect(sought).toMatchObject({ positionMs: 86_400_000, isPlaying: false, rate: 4 })
  expect(sought.version).toBeGreaterThan(paused.version)
})

test('P7 P8 the host alone, when the host says so; buttons pressed too late close nothing', async () => {
  const { host, guest } = await aRoomOfTwo()
  expect(await guest.command({ action: 'control', control: 'host' })).toMatchObject({ outcome: 'not-host' })
  const { version = '' } = await host.command({ action: 'control', control: 'host' })
  expect(await guest.command({ action: 'play' })).toMatchObject({ outcome: 'not-host', version })
  expect(await host.command({ action: 'host', userId: crypto.randomUUID() })).toMatchObject({ outcome: 'not-watching' })
  await host.command({ action: 'host', userId: guest.person.userId })
  const play = { action: 'play', ifVersion: Number(version) }
  expect(await guest.command(play)).toMatchObject({ outcome: 'stale' })
  const { host: now, version: newest } = await guest.until('the new host', ({ action }) => action === 'host')
  expect(now).toBe(guest.person.userId)
  expect(await guest.command({ ...play, ifVersion: newest })).toMatchObject({ outcome: 'applied' })
  expect(await host.command({ action: 'pause' })).toMatchObject({ outcome: 'not-host' })
  expect(host.client.closed ?? guest.client.closed).toBeUndefined()
})

test('P7 who is not in the room commands nothing', async () => {
  const { content, host } = await aRoomOfTwo()
  const stranger = await aPlayer(one, content, { watches: false })
  expect(await stranger.command({ action: 'play' })).toMatchObject({ outcome: 'not-watching' })
  expect(host.state).toMatchObject({ version: 0 })
})

test('P8 a host who leaves passes on to whoever has been there longest', async () => {
  const { content, host, guest } = await aRoomOfTwo()
  const third = await aPlayer(one, content)
  await host.command({ action: 'control', control: 'host' })
  await host.command({ action: 'play', positionMs: 5_000 })
  host.client.send('DISCONNECT\n\n')
  const left = await third.until('the passing on', ({ action }) => action === 'leave')
  expect(left).toMatchObject({ host: guest.person.userId, by: host.person.userId, isPlaying: true, positionMs: 5_000 })
  expect(await third.command({ action: 'pause' })).toMatchObject({ outcome: 'not-host' })
  expect(await guest.command({ action: 'pause' })).toMatchObject({ outcome: 'applied' })
})

test('P9 P3 the state goes with the room, and versions go on rising', async () => {
  const { content, host, guest } = await aRoomOfTwo()
  await host.command({ action: 'play', positionMs: 5_000 })
  const { version } = await host.until('the play', ({ action }) => action === 'play')
  for (const { client } of [host, guest]) client.send('DISCONNECT\n\n')
  const ofRoom = [redisKeys.room, redisKeys.roomSince, redisKeys.roomRefs, redisKeys.playback].map((key) =>
    key(content.id),
  )
  await eventually('nothing is left', async () => (await setting.redis.exists(ofRoom)) === 0)
  const next = await aPlayer(two, content)
  expect(next.state).toMatchObject({ version: 0, isPlaying: false })
  await next.command({ action: 'pause' })
  expect((await next.until('the pause', ({ action }) => action === 'pause')).version).toBeGreaterThan(version)
})

test('P8 the state is a hash beside the room', async () => {
  const { content, host } = await aRoomOfTwo()
  await host.command({ action: 'rate', rate: 1.25 })
  expect(await setting.redis.hgetall(redisKeys.playback(content.id))).toMatchObject({
    rate: '1.25',
    playing: '0',
    host: host.person.userId,
  })
})

test.each([
  [{ action: 'dance' }, 'action'],
  [{ action: 'seek' }, 'positionMs'],
  [{ action: 'seek', positionMs: -1 }, 'positionMs'],
  [{ action: 'seek', positionMs: 86_400_001 }, 'positionMs'],
  [{ action: 'play', positionMs: 1.5 }, 'positionMs'],
  [{ action: 'play', positionMs: '1' }, 'positionMs'],
  [{ action: 'rate', rate: 5 }, 'rate'],
  [{ action: 'rate', rate: 0 }, 'rate'],
  [{ action: 'control', control: 'nobody' }, 'control'],
  [{ action: 'host', userId: 'me' }, 'userId'],
])('P6 %j is refused', async (body, field) => {
  const content = await setting.aContent()
  const { client } = await aPlayer(one, content)
  client.send(`SEND\ndestination:/pub/contents/${content.id}/playback\n\n${JSON.stringify(body)}`)
  const { exceptionName, details } = JSON.parse((await client.next('ERROR')).body)
  expect([exceptionName, Object.keys(details)]).toEqual(['INVALID_REQUEST', [field]])
  expect(JSON.stringify(details)).not.toContain('dance')
})

test('P4 asking for the time without a receipt is a mistake', async () => {
  const content = await setting.aContent()
  const { client } = await aPlayer(one, content)
  client.send(`SEND\ndestination:/pub/contents/${content.id}/clock\n\n`)
  expect(JSON.parse((await client.next('ERROR')).body)).toMatchObject({ exceptionName: 'INVALID_REQUEST' })
})
