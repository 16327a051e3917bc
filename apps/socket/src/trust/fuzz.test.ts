/** Frames that were something once, and a neighbour who must not notice. */
import { eventually, type TestApp } from '@mopl/infrastructure/testing'
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { metricOf } from '../testing/metrics.ts'
import { type Random, seeded } from '../testing/random.ts'
import { openSetting, type Person, type Setting } from '../testing/setting.ts'
import { connectFrame, StompClient } from '../testing/stomp-client.ts'

setDefaultTimeout(120_000)

const seed = 20_261_125
const mutants = 5_000
const lanes = 20
const neighbourWaitsAtMostMs = 2_000

let setting: Setting
let app: TestApp

beforeAll(async () => {
  setting = await openSetting()
  app = await setting.startSocket({ MAX_FRAMES_PER_SECOND: '100000', MAX_BYTES_PER_SECOND: '100000000' })
})
afterAll(() => setting.close())

const pieces = [
  '\0',
  '\n',
  '\r\n',
  ':',
  '\\',
  '\\x',
  'content-length:3\n',
  'content-length:99999999\n',
  '\u{ffff}',
] as const
const dangerous = [0, 10, 13, 58, 92, 34, 0x80, 0xff] as const

/** One to four changes: a byte replaced, taken out or doubled, something put in, the end cut off. */
function mutate(bytes: Buffer, random: Random): Buffer {
  let mutant = bytes
  for (let changes = 1 + random.below(4); changes > 0; changes -= 1) {
    const at = random.below(mutant.length + 1)
    const [left, right] = [mutant.subarray(0, at), mutant.subarray(at)]
    const change = random.pick([
      () => [left, Buffer.of(random.chance(0.5) ? random.below(256) : random.pick(dangerous)), right.subarray(1)],
      () => [left, right.subarray(1 + random.below(8))],
      () => [left, right.subarray(0, random.below(40)), right],
      () => [left, Buffer.from(random.pick(pieces)), right],
      () => [left],
    ])
    mutant = Buffer.concat(change())
  }
  return mutant
}

test('T9 5,000 mutated frames end their own connections at most, and nobody else is kept waiting', async () => {
  const random = seeded(seed)
  const [content, host] = await Promise.all([setting.aContent(), setting.aPerson({ name: 'Host' })])
  const people = await Promise.all(Array.from({ length: lanes }, () => setting.aPerson()))
  const frames = (person: Person) =>
    [
      connectFrame(person.token),
      `SUBSCRIBE\nid:1\ndestination:/sub/contents/${content.id}/watch\nack:auto\n\n`,
      `SUBSCRIBE\nid:2\ndestination:/sub/contents/${content.id}/chat\nreceipt:2\n\n`,
      `SEND\ndestination:/pub/contents/${content.id}/chat\ncontent-length:15\n\n{"content":"x"}`,
      'UNSUBSCRIBE\nid:1\n\n',
      'ACK\nid:1\nreceipt:a\\cb\n\n',
      'DISCONNECT\nreceipt:bye\n\n',
    ] as const
  const healthy = await StompClient.signIn(app.url, host.token)
  await healthy.subscribe(`/sub/contents/${content.id}/chat`)

  const victims: StompClient[] = []
  const open: (StompClient | undefined)[] = []
  let longestWaitMs = 0
  for (let round = 0; round < mutants / lanes; round += 1) {
    await Promise.all(
      people.map(async (person, lane) => {
        const framing = random.chance(0.5) ? 'raw' : 'sockjs'
        const frame = Buffer.from(`${random.pick(frames(person))}\0`)
        // Half of what is wrong in SockJS is wrong in its own framing.
        const isInside = framing === 'raw' || random.chance(0.5)
        const inside = isInside ? mutate(frame, random) : frame
        const quoted = Buffer.from(JSON.stringify([inside.toString()]))
        const message = framing === 'raw' ? inside : isInside ? quoted : mutate(quoted, random)
        let client = open[lane]
        if (client === undefined || client.closed !== undefined || client.framing !== framing) {
          client?.drop()
          const isSignedIn = random.chance(0.8)
          client = isSignedIn
            ? await StompClient.signIn(app.url, person.token, { framing })
            : new StompClient(app.url, { framing })
          if (!isSignedIn) await client.opened()
          open[lane] = client
          victims.push(client)
        }
        if (client.socket.readyState === WebSocket.OPEN) client.sendRaw(message)
      }),
    )
    const sentAt = performance.now()
    healthy.send(`SEND\ndestination:/pub/contents/${content.id}/chat\nreceipt:${round}\n\n{"content":"line ${round}"}`)
    await healthy.next('RECEIPT')
    longestWaitMs = Math.max(longestWaitMs, performance.now() - sentAt)
  }

  expect(healthy.closed).toBeUndefined()
  expect(longestWaitMs).toBeLessThan(neighbourWaitsAtMostMs)
  const lines = healthy.frames.flatMap(({ body }) => /"line (\d+)"/.exec(body)?.slice(1).map(Number) ?? [])
  expect(lines).toEqual(Array.from({ length: mutants / lanes }, (_, round) => round))
  // Enough of them were bad enough, none was more than the client's fault, and each was told.
  const refused = victims.filter(({ closed }) => closed?.code === 1008)
  expect(refused.length).toBeGreaterThan(mutants / 10)
  for (const client of refused) expect(client.frames.at(-1)?.command).toBe('ERROR')
  expect(await metricOf(app, 'mopl_socket_refusals_total', 'code="INTERNAL"')).toBe(0)
  for (const client of [...victims, healthy]) client.drop()
  await eventually('nothing is left of them', async () => {
    const [subscriptions, rooms] = await Promise.all(
      ['mopl_socket_subscriptions', 'mopl_socket_rooms'].map((name) => metricOf(app, name)),
    )
    return subscriptions === 0 && rooms === 0
  })
})
