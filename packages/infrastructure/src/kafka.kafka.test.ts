import { afterAll, expect, test } from 'bun:test'
import { newId } from './ids.ts'
import { eventually, freePort, testEnv } from './testing.ts'
import { openDoor } from './testing-door.ts'
import { openKafkaDoor } from './testing-kafka-door.ts'
import { startKafkaProbe } from './testing-kafka.ts'

const probe = await startKafkaProbe()
afterAll(() => probe.close())

const aTopic = () => `test.${newId()}`

test('records of one key arrive in order, with key and headers', async () => {
  const topic = aTopic()
  const reader = await probe.consume([topic])
  for (const value of ['1', '2', '3'])
    await probe.produce({ topic, key: 'k', value, headers: { eventId: `e${value}` } })
  await eventually('three messages', () => reader.messages.length === 3)
  expect(reader.messages.map(({ key, value, headers }) => [key, value, headers])).toEqual([
    ['k', '1', { eventId: 'e1' }],
    ['k', '2', { eventId: 'e2' }],
    ['k', '3', { eventId: 'e3' }],
  ])
})

test('a key goes into the partition that the Java client chooses', async () => {
  // Key -> murmur2, from Apache Kafka's own UtilsTest.
  const hashes = { '21': -973932308, foobar: -790332482, 'a-little-bit-long-string': -985981536, abc: 479470107 }
  const topic = aTopic()
  const reader = await probe.consume([topic])
  await probe.produce(...Object.keys(hashes).map((key) => ({ topic, key, value: '' })))
  await eventually('all messages', () => reader.messages.length === Object.keys(hashes).length)
  const partitionOf = Object.fromEntries(reader.messages.map(({ key, partition }) => [key, partition]))
  const expected = (partitions: number) =>
    Object.fromEntries(Object.entries(hashes).map(([key, hash]) => [key, (hash & 0x7fffffff) % partitions]))
  // Ours have 12; the mock cluster makes 4 whatever is asked.
  expect([expected(12), expected(4)]).toContainEqual(partitionOf)
})

test('a batch that was not handled comes again, to whoever is in the group then', async () => {
  const [topic, group] = [aTopic(), `test-${newId()}`]
  await probe.produce({ topic, key: 'k', value: 'handled' })
  const first = await probe.consume([topic], { group, manual: true })
  await eventually('the first batch', () => first.batches.length === 1)
  await first.settle(first.batches[0]!, true)
  await probe.produce({ topic, key: 'k', value: 'failed' })
  await eventually('the second batch', () => first.batches.length === 2)
  await first.settle(first.batches[1]!, false)
  await eventually('the same again', () => first.messages.filter(({ value }) => value === 'failed').length === 2)
  await first.leave()

  const second = await probe.consume([topic], { group })
  await eventually('it at the next member', () => second.messages.length === 1)
  expect(second.messages[0]?.value).toBe('failed')
})

test('a handler that takes long keeps its membership, and gives partitions to a newcomer when it is done', async () => {
  const [topic, group] = [aTopic(), `test-${newId()}`]
  const keys = Array.from({ length: 40 }, (_, index) => `k${index}`)
  await probe.produce(...keys.map((key) => ({ topic, key, value: 'before' })))
  const slow = await probe.consume([topic], { group, manual: true })
  await eventually('a batch in hand', () => slow.batches.length > 0)
  const newcomer = await probe.consume([topic], { group })
  await probe.produce(...keys.map((key) => ({ topic, key, value: 'after' })))

  // Everything in hand is handled as it comes; the newcomer gets its share only after that.
  const settled = new Set<string>()
  await eventually(
    'both share the rest',
    async () => {
      for (const batch of slow.batches.filter((name) => !settled.has(name))) {
        settled.add(batch)
        await slow.settle(batch, true)
      }
      const after = [...slow.messages, ...newcomer.messages].filter(({ value }) => value === 'after')
      return new Set(after.map(({ key }) => key)).size === keys.length
    },
    20_000,
  )
  const seen = [...slow.messages, ...newcomer.messages].map(({ key, value }) => `${key} ${value}`)
  expect(new Set(seen).size).toBe(2 * keys.length)
}, 40_000)

test('what a killed member had in hand comes to another one', async () => {
  const [topic, group] = [aTopic(), `test-${newId()}`]
  const doomed = await startKafkaProbe()
  const victim = await doomed.consume([topic], { group, manual: true })
  await probe.produce({ topic, key: 'k', value: 'precious' })
  await eventually('it in hand', () => victim.messages.length === 1)
  doomed.kill('SIGKILL')
  await doomed.close()
  const heir = await probe.consume([topic], { group })
  await eventually('it again', () => heir.messages.length === 1, 25_000)
  expect(heir.messages[0]?.value).toBe('precious')
}, 40_000)

test('while Kafka is away a send rejects in time; when it comes, producer and consumer heal by themselves', async () => {
  const [topic, port] = [aTopic(), await freePort()]
  const early = await startKafkaProbe({ brokers: `127.0.0.1:${port}` })
  const reader = await early.consume([topic])
  const refusal = await early.produce({ topic, key: 'k', value: 'too early' }).catch(String)
  expect(refusal).toContain('not reachable')

  const [host = '', upstream = ''] = testEnv('KAFKA_BROKERS').split(',')[0]!.split(':')
  const door = await openDoor(host, Number(upstream), { ownPort: port })
  await eventually('an acknowledgement', () => early.produce({ topic, key: 'k', value: 'now' }).then(() => true))
  await eventually('the message', () => reader.messages.some(({ value }) => value === 'now'), 15_000)
  await early.close()
  await door.shut()
}, 40_000)

test('a connected producer whose Kafka freezes, refuses or goes rejects in time, and works as soon as Kafka does', async () => {
  const [topic, door] = [aTopic(), await openKafkaDoor(testEnv('KAFKA_BROKERS'))]
  const behind = await startKafkaProbe({ brokers: door.brokers })
  const send = (value: string) => behind.produce({ topic, key: 'k', value })
  await send('before')
  for (const goAway of [async () => door.freeze(), async () => door.refusePublishing(), door.shut]) {
    await goAway()
    const startedAt = performance.now()
    expect(await send('lost').catch(String)).toContain('timed out')
    // The probe's deadline is 5 s; librdkafka looks at it once a second.
    expect(performance.now() - startedAt).toBeLessThan(7_500)
    door.allowPublishing()
    await door.open()
    await send('after')
  }
  await behind.close()
  await door.shut()
}, 60_000)
