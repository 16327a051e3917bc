/** Three people write to each other while processes and servers go down; then everything is compared with what was sent. */
import type { DirectMessageDto, NotificationDto } from '@mopl/contracts/realtime'
import { eventually, type TestApp, testEnv } from '@mopl/infrastructure/testing'
import { type Door, openDoor } from '@mopl/infrastructure/testing-door'
import { type KafkaDoor, openKafkaDoor } from '@mopl/infrastructure/testing-kafka-door'
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { Device, Listener } from '../testing/devices.ts'
import { seeded } from '../testing/random.ts'
import { type Account, openSystem, type System } from '../testing/system.ts'

setDefaultTimeout(240_000)

const seed = 4
const faults = [
  'socket',
  'worker',
  'kafka-shut',
  'kafka-frozen',
  'postgres-shut',
  'postgres-frozen',
  'worker',
  'socket',
] as const
const messagesPerFault = 3
/** The longest wait for things to come right after the last fault. */
const healedWithinMs = 60_000

const doors: { kafka: KafkaDoor | undefined; postgres: Door | undefined } = { kafka: undefined, postgres: undefined }
let system: System
let worker: TestApp
let sockets: TestApp[]

beforeAll(async () => {
  doors.kafka = await openKafkaDoor(testEnv('KAFKA_BROKERS'))
  system = await openSystem({
    kafkaBrokers: doors.kafka.brokers,
    async databaseBehind(text) {
      const url = new URL(text)
      doors.postgres = await openDoor(url.hostname, Number(url.port))
      url.port = String(doors.postgres.port)
      return url.href
    },
  })
  worker = await system.startWorker()
  sockets = await Promise.all([system.startSocket(), system.startSocket()])
})
afterAll(async () => {
  await system.close()
  await Promise.all([doors.kafka?.shut(), doors.postgres?.shut()])
})

type Correspondence = { id: string; sender: Account; receiver: Account; sent: string[] }

test('D2 D3 D4 whatever is killed, a message with a receipt is stored once, in order, and reaches its receiver', async () => {
  const random = seeded(seed)
  const people = await Promise.all(['Ann', 'Bob', 'Cho'].map((name) => system.signUp(name)))
  const pairs = people.map((one, index) => [one, people[(index + 1) % people.length] ?? one] as const)
  const conversations = await Promise.all(
    pairs.map(async (pair) => ({ pair, id: await system.aConversation(...pair) })),
  )
  let turns = 0
  const anInstance = () => sockets[(turns += 1) % sockets.length]?.url ?? ''
  // The first of each pair has the conversation open, the second is told by the event stream.
  const devices = new Map(conversations.map(({ pair, id }) => [pair[0].id, new Device(pair[0], id, anInstance)]))
  const listeners = new Map(people.map((person) => [person.id, new Listener(person, anInstance)]))
  const listening = [...listeners.values()].map((listener) => listener.listen())
  const ways: Correspondence[] = conversations.flatMap(({ pair: [one, other], id }) => [
    { id, sender: one, receiver: other, sent: [] },
    { id, sender: other, receiver: one, sent: [] },
  ])

  let receipts = 0
  async function write(sender: Account, phase: number): Promise<void> {
    for (let number = 0; number < messagesPerFault; number += 1)
      for (const way of ways.filter((each) => each.sender === sender)) {
        const text = `${sender.name}-${way.receiver.name}-${phase}-${number}`
        await devices.get(sender.id)?.send(way.id, text)
        way.sent.push(text)
        receipts += 1
      }
  }
  const failures = () => [...devices.values()].reduce((sum, device) => sum + device.failures, 0)

  async function cause(fault: (typeof faults)[number]): Promise<void> {
    if (fault === 'socket') {
      const victim = sockets.splice(random.below(sockets.length), 1)[0]
      victim?.kill('SIGKILL')
      sockets.push(await system.startSocket())
    } else if (fault === 'worker') {
      worker.kill('SIGKILL')
      worker = await system.startWorker()
    } else {
      const [server, how] = fault.split('-')
      const door = server === 'kafka' ? doors.kafka : doors.postgres
      const [failuresBefore, receiptsBefore] = [failures(), receipts]
      if (how === 'shut') await door?.shut()
      else door?.freeze()
      // Without Kafka nobody gets a receipt, without PostgreSQL everybody does.
      await eventually(
        `${fault} is felt`,
        () => (server === 'kafka' ? failures() > failuresBefore : receipts > receiptsBefore + 3),
        30_000,
      )
      await door?.open()
    }
  }

  for (const [phase, fault] of random.shuffled(faults).entries()) {
    const writing = Promise.all(people.map((person) => write(person, phase)))
    const hitAt = receipts + random.below(messagesPerFault * 2)
    await eventually(`${fault} in phase ${phase}`, () => receipts >= hitAt, 60_000)
    await cause(fault)
    await writing
  }

  expect(failures()).toBeGreaterThan(0)
  for (const { id, sender, receiver, sent } of ways) {
    const query = 'limit=100&sortBy=createdAt&sortDirection=ASCENDING'
    const page = async () =>
      (await system.call(sender.token, `/api/conversations/${id}/direct-messages?${query}`)) as {
        data: DirectMessageDto[]
      }
    const stored = await eventually(
      `what ${sender.name} sent to ${receiver.name} is stored`,
      async () => {
        const own = (await page()).data.filter((message) => message.sender.userId === sender.id)
        return own.length >= sent.length && own
      },
      healedWithinMs,
    )
    expect(stored.map(({ content }) => content)).toEqual(sent)

    // Nothing is shown that is not stored, and in no other order.
    const ids = new Set(stored.map((message) => message.id))
    for (const device of devices.values()) {
      const seen = device.seen.filter((message) => message.conversationId === id && message.sender.userId === sender.id)
      expect(seen.filter((message) => !ids.has(message.id))).toEqual([])
      const texts = [...new Set(seen.map(({ content }) => content))]
      expect(texts).toEqual(sent.filter((text) => texts.includes(text)))
    }

    const hasItOpen = conversations.some((each) => each.id === id && each.pair[0] === receiver)
    if (hasItOpen) continue
    const listener = listeners.get(receiver.id)
    const heard = () => listener?.texts.filter((text) => text.startsWith(`${sender.name}-`)) ?? []
    await eventually(`${receiver.name} has heard all of it`, () => heard().length >= sent.length, healedWithinMs)
    expect(heard()).toEqual(sent)
    const notified = async () => {
      const notifications = '/api/notifications?limit=100&sortBy=createdAt&sortDirection=ASCENDING'
      const { data } = (await system.call(receiver.token, notifications)) as { data: NotificationDto[] }
      return data.map(({ content }) => content).filter((text) => sent.includes(text))
    }
    await eventually('all notifications', async () => (await notified()).length >= sent.length, healedWithinMs)
    expect((await notified()).toSorted()).toEqual(sent.toSorted())
  }
  for (const each of [...devices.values(), ...listeners.values()]) each.close()
  await Promise.all(listening)
})
