/** Rooms that thousands come into at once: the crowd enters as if by another instance, two clients look on. */
import type { WatchMessage } from '@mopl/contracts/realtime'
import { newId } from '@mopl/infrastructure/ids'
import type { TestApp } from '@mopl/infrastructure/testing'
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { openSetting, type Setting } from '../testing/setting.ts'
import { StompClient } from '../testing/stomp-client.ts'
import { joinRoom, leaveRoom } from './scripts.ts'

setDefaultTimeout(60_000)

const crowdSize = 3_000
const nodeId = 'an-instance-elsewhere'

let setting: Setting
let app: TestApp

beforeAll(async () => {
  setting = await openSetting()
  app = await setting.startSocket()
})
afterAll(() => setting.close())

/** Reads until the count is this one; answers what was told on the way. */
async function toldUntil(client: StompClient, watcherCount: number): Promise<WatchMessage[]> {
  const told: WatchMessage[] = []
  while (told.at(-1)?.watcherCount !== watcherCount) told.push(await client.nextMessage<WatchMessage>())
  return told
}

test('R11 R5 thousands come and go: some messages a second, exact counts, and nothing left behind', async () => {
  const content = await setting.aContent()
  const clients = await Promise.all(
    [1, 2].map(async () => StompClient.signIn(app.url, (await setting.aPerson()).token)),
  )
  for (const client of clients) await client.subscribe(`/sub/contents/${content.id}/watch`)
  const people = Array.from({ length: crowdSize }, () => ({ userId: newId(), name: 'Somebody' }))

  const joiningAt = performance.now()
  const createdAt = new Date().toISOString()
  await Promise.all(
    people.map((watcher) => joinRoom(setting.redis, content.id, nodeId, { id: newId(), createdAt, watcher })),
  )
  for (const client of clients) {
    const joins = await toldUntil(client, crowdSize + clients.length)
    const ticks = Math.ceil((performance.now() - joiningAt) / 1_000) + 1
    expect(joins.length).toBeLessThanOrEqual(100 * ticks)
    const omitted = joins.reduce((sum, message) => sum + (message.omitted ?? 0), 0)
    const others = joins.filter(({ watchingSession }) => watchingSession.watcher.name === 'Somebody')
    expect(others.length + omitted).toBe(crowdSize)
  }

  await Promise.all(people.map(({ userId }) => leaveRoom(setting.redis, content.id, nodeId, userId)))
  for (const client of clients) await toldUntil(client, clients.length)
  const metrics = await (await fetch(`${app.url}/actuator/prometheus`)).text()
  expect(metrics).toMatch(/mopl_socket_watch_changes_omitted_total\{.*\} [1-9]/)
})
