/** What the socket tells the rest of the system, on a real broker. */
import { type MoplEvent, parseEvent } from '@mopl/contracts/events'
import type { WatchMessage } from '@mopl/contracts/realtime'
import { topics } from '@mopl/contracts/topics'
import { newId } from '@mopl/infrastructure/ids'
import { eventually, type TestApp, testEnv } from '@mopl/infrastructure/testing'
import { type KafkaProbe, type ProbeConsumer, startKafkaProbe } from '@mopl/infrastructure/testing-kafka'
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { openSetting, type Setting } from './testing/setting.ts'
import { StompClient } from './testing/stomp-client.ts'

setDefaultTimeout(60_000)

const topicPrefix = `test-${newId()}-`
let setting: Setting
let app: TestApp
let probe: KafkaProbe
let consumer: ProbeConsumer

beforeAll(async () => {
  setting = await openSetting()
  app = await setting.startSocket({ KAFKA_BROKERS: testEnv('KAFKA_BROKERS'), KAFKA_TOPIC_PREFIX: topicPrefix })
  probe = await startKafkaProbe({ topicPrefix })
  consumer = await probe.consume([topics.watchingSession, topics.directMessage])
})
afterAll(async () => {
  await setting.close()
  await probe.close()
})

const eventsOf = (key: string): MoplEvent[] =>
  consumer.messages
    .filter((message) => message.key === key)
    .map(({ value }) => parseEvent(value))
    .flatMap((parsed) => (parsed.known ? [parsed.event] : []))

test('D2 sent again under its key a message is the same event, byte for byte but for who asked', async () => {
  const [ann, bob] = await Promise.all([setting.aPerson(), setting.aPerson()])
  const id = await setting.aConversation(ann, bob)
  const send = (client: StompClient, content: string) =>
    client.send(
      `SEND\ndestination:/pub/conversations/${id}/direct-messages\nreceipt:r\nidempotency-key:k\n\n{"content":"${content}"}`,
    )
  for (let time = 0; time < 2; time += 1) {
    const client = await StompClient.signIn(app.url, ann.token)
    send(client, 'once')
    await client.next('RECEIPT')
    client.drop()
  }
  await eventually('both events', () => eventsOf(id).length === 2, 20_000)
  const [first, again] = eventsOf(id)
  expect(again).toEqual({ ...first!, requestId: expect.any(String) })
  const client = await StompClient.signIn(app.url, ann.token)
  send(client, 'another')
  expect((await client.next('ERROR')).body).toContain('IDEMPOTENCY_CONFLICT')
})

test('R9 started and ended go to Kafka with the session, the count and the content as key', async () => {
  const [content, person] = await Promise.all([setting.aContent(), setting.aPerson()])
  const requestId = `request-${newId()}`
  const client = await StompClient.signIn(app.url, person.token, { headers: { 'x-request-id': requestId } })
  await client.subscribe(`/sub/contents/${content.id}/watch`)
  const { watchingSession } = await client.nextMessage<WatchMessage>()
  client.send('DISCONNECT\n\n')
  await eventually('both events', () => eventsOf(content.id).length === 2, 20_000)
  const session = {
    watchingSessionId: watchingSession.id,
    contentId: content.id,
    watcherId: person.userId,
    startedAt: watchingSession.createdAt,
  }
  expect(eventsOf(content.id)).toMatchObject([
    { type: 'watching-session.started', key: content.id, requestId, payload: { ...session, watcherCount: 1 } },
    { type: 'watching-session.ended', key: content.id, requestId, payload: { ...session, watcherCount: 0 } },
  ])
})

test('D2 S8 a receipt means that the brokers have the message; the order is kept', async () => {
  const [ann, bob] = await Promise.all([setting.aPerson(), setting.aPerson()])
  const id = await setting.aConversation(ann, bob)
  const client = await StompClient.signIn(app.url, ann.token)
  const destination = `/pub/conversations/${id}/direct-messages`
  for (let number = 0; number < 20; number += 1)
    client.send(`SEND\ndestination:${destination}\nreceipt:${number}\n\n${JSON.stringify({ content: String(number) })}`)
  await client.next('RECEIPT', ({ headers }) => headers['receipt-id'] === '19')
  await eventually('all messages', () => eventsOf(id).length === 20, 20_000)
  const sent = eventsOf(id)
  expect(sent[0]).toMatchObject({
    type: 'direct-message.sent',
    payload: { conversationId: id, senderId: ann.userId, receiverId: bob.userId },
  })
  expect(sent.map(({ payload }) => 'content' in payload && payload.content)).toEqual(
    Array.from({ length: 20 }, (_, n) => String(n)),
  )
})
