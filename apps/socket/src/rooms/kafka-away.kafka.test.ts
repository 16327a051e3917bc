/** Watching goes on while Kafka is away; afterwards the history, the counts and the followers' notifications are whole. */
import { newId } from '@mopl/infrastructure/ids'
import { eventually, type TestApp, testEnv } from '@mopl/infrastructure/testing'
import { type KafkaDoor, openKafkaDoor } from '@mopl/infrastructure/testing-kafka-door'
import { SQL } from 'bun'
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { metricOf } from '../testing/metrics.ts'
import { StompClient } from '../testing/stomp-client.ts'
import { type Account, json, openSystem, type System } from '../testing/system.ts'

setDefaultTimeout(120_000)

/** Four times as long as an attempt to publish takes. */
const awayMs = 20_000

let door: KafkaDoor
let system: System
let sql: SQL
let apps: readonly [TestApp, TestApp]

beforeAll(async () => {
  door = await openKafkaDoor(testEnv('KAFKA_BROKERS'))
  let databaseUrl = ''
  system = await openSystem({
    kafkaBrokers: door.brokers,
    databaseBehind: async (url) => (databaseUrl = url),
  })
  sql = new SQL(databaseUrl)
  await system.startWorker()
  apps = [await system.startSocket(), await system.startSocket()]
})
afterAll(async () => {
  await sql.close()
  await system.close()
  await door.shut()
})

async function aContent(): Promise<string> {
  const id = newId()
  await sql`insert into contents (id, type, title, description) values (${id}, 'movie', '괴물', '')`
  return id
}

async function enter(app: TestApp, { token }: Account, contentId: string): Promise<StompClient> {
  const client = await StompClient.signIn(app.url, token)
  await client.subscribe(`/sub/contents/${contentId}/watch`)
  return client
}

async function leave(client: StompClient): Promise<void> {
  client.send('UNSUBSCRIBE\nid:sub-0\nreceipt:left\n\n')
  await client.next('RECEIPT', ({ headers }) => headers['receipt-id'] === 'left')
}

const countOf = async (contentId: string): Promise<number> => {
  const [row] = await sql`select watcher_count from contents where id = ${contentId}`
  return Number(row.watcher_count)
}

test('R9 people come and go on two instances while Kafka is away for 20 s: nothing of it is lost, nothing is told twice', async () => {
  const [contentId, fan] = [await aContent(), await system.signUp('Fan')]
  const people: Account[] = []
  for (const name of ['Ann', 'Bob', 'Cho', 'Dan', 'Eve', 'Fay']) {
    const person = await system.signUp(name)
    people.push(person)
    await system.call(fan.token, '/api/follows', json({ followeeId: person.id }))
  }
  const [ann, bob, cho, dan, eve, fay] = people as [Account, Account, Account, Account, Account, Account]
  const [one, two] = apps
  const annsClient = await enter(one, ann, contentId)
  await eventually('the first count', async () => (await countOf(contentId)) === 1, 20_000)

  await door.shut()
  const shutAt = performance.now()
  const [bobs, chos] = [await enter(one, bob, contentId), await enter(two, cho, contentId)]
  await leave(annsClient)
  await leave(bobs)
  await enter(two, dan, contentId)
  await enter(one, eve, contentId)
  await eventually('it has been away for long', () => performance.now() - shutAt > awayMs, awayMs + 5_000)
  // The last change comes from the instance that has more to make up for.
  await leave(chos)
  await enter(one, fay, contentId)
  const waiting = await Promise.all(apps.map((app) => metricOf(app, 'mopl_socket_events_waiting')))
  expect(waiting).toEqual([5, 3])
  await door.open()

  await eventually('the history is whole', async () => (await sessions(contentId)).length === 6, 40_000)
  await eventually('the last count', async () => (await countOf(contentId)) === 3, 20_000)
  const watched = await sessions(contentId)
  const hasEnded = Object.fromEntries(watched.map(({ watcher, ended }) => [watcher, ended]))
  expect(hasEnded).toEqual({ Ann: true, Bob: true, Cho: true, Dan: false, Eve: false, Fay: false })
  const texts = async () => {
    const rows: { content: string }[] = await sql`select content from notifications where receiver_id = ${fan.id}`
    return rows.map(({ content }) => content).toSorted()
  }
  await eventually('the fan is told', async () => (await texts()).length === 6, 20_000)
  expect(await texts()).toEqual(people.map(({ name }) => `${name}님이 '괴물' 콘텐츠를 시청하기 시작했습니다.`))
  const lost = await Promise.all(apps.map((app) => metricOf(app, 'mopl_socket_events_lost_total')))
  expect(lost).toEqual([0, 0])
})

async function sessions(contentId: string): Promise<{ watcher: string; ended: boolean }[]> {
  return sql`
    select users.name as watcher, ended_at is not null as ended
    from watching_sessions join users on users.id = watcher_id where content_id = ${contentId}`
}
