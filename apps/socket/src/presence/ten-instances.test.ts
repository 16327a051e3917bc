/** What holds for two instances holds for ten. */
import type { WatchMessage } from '@mopl/contracts/realtime'
import { redisKeys } from '@mopl/contracts/redis-keys'
import { eventually, type TestApp } from '@mopl/infrastructure/testing'
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { type OwnRedis, startOwnRedis } from '../testing/own-redis.ts'
import { openSetting, type Setting } from '../testing/setting.ts'
import { StompClient } from '../testing/stomp-client.ts'

setDefaultTimeout(120_000)

const instances = 10
const killed = 4

let ownRedis: OwnRedis
let setting: Setting
let apps: TestApp[]

beforeAll(async () => {
  ownRedis = await startOwnRedis()
  setting = await openSetting(ownRedis.url)
  apps = []
  while (apps.length < instances) apps.push(...(await Promise.all([setting.startSocket(), setting.startSocket()])))
})
afterAll(async () => {
  await setting.close()
  await ownRedis.close()
})

const changes = (client: StompClient) =>
  client.frames
    .filter(({ command }) => command === 'MESSAGE')
    .map(({ body }) => JSON.parse(body) as WatchMessage)
    .map(({ type, watcherCount, watchingSession: { id, watcher } }) => ({
      type,
      watcherCount,
      id,
      userId: watcher.userId,
    }))

test('R3 R5 R6 ten instances tell the same: one JOIN for ten tabs, one LEAVE with the last, one LEAVE for each lost with four that are killed', async () => {
  const content = await setting.aContent()
  const destination = `/sub/contents/${content.id}/watch`
  const witnesses: StompClient[] = []
  const people = await Promise.all(apps.map((_, index) => setting.aPerson({ name: `Person ${index}` })))
  for (const [index, app] of apps.entries()) {
    const client = await StompClient.signIn(app.url, people[index]!.token)
    await client.subscribe(destination)
    witnesses.push(client)
  }
  const forget = () => witnesses.forEach(({ frames }) => void frames.splice(0))
  await eventually('all see ten', () => witnesses.every((client) => changes(client).at(-1)?.watcherCount === 10))
  expect(changes(witnesses[0]!).map(({ watcherCount }) => watcherCount)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  forget()

  const traveller = await setting.aPerson({ name: 'Traveller' })
  const tabs = await Promise.all(
    apps.map(async ({ url }) => {
      const tab = await StompClient.signIn(url, traveller.token)
      await tab.subscribe(destination)
      return tab
    }),
  )
  for (const tab of tabs) tab.send('DISCONNECT\n\n')
  await eventually('all saw the traveller', () => witnesses.every((client) => changes(client).length === 2))
  for (const client of witnesses)
    expect(changes(client)).toMatchObject([
      { type: 'JOIN', userId: traveller.userId, watcherCount: 11 },
      { type: 'LEAVE', userId: traveller.userId, watcherCount: 10, id: changes(client)[0]!.id },
    ])
  forget()

  for (const app of apps.slice(0, killed)) app.kill('SIGKILL')
  const survivors = witnesses.slice(killed)
  await eventually('all have left', () => survivors.every((client) => changes(client).length === killed), 20_000)
  const lost = people.slice(0, killed).map(({ userId }) => userId)
  for (const client of survivors) {
    expect(changes(client).map(({ type, watcherCount }) => [type, watcherCount])).toEqual([
      ['LEAVE', 9],
      ['LEAVE', 8],
      ['LEAVE', 7],
      ['LEAVE', 6],
    ])
    expect(
      changes(client)
        .map(({ userId }) => userId)
        .toSorted(),
    ).toEqual(lost.toSorted())
  }
  expect(await setting.redis.hlen(redisKeys.room(content.id))).toBe(instances - killed)
  // Nothing more comes afterwards: a last change is the next that everybody sees.
  forget()
  survivors[0]!.send('UNSUBSCRIBE\nid:sub-0\n\n')
  await eventually('the last change', () => survivors.slice(1).every((client) => changes(client).length > 0))
  for (const client of survivors.slice(1))
    expect(changes(client)).toMatchObject([{ type: 'LEAVE', userId: people[killed]!.userId, watcherCount: 5 }])
})
