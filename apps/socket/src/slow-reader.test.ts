import { eventually, type TestApp } from '@mopl/infrastructure/testing'
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { openRawSocket } from './testing/raw-socket.ts'
import { openSetting, type Setting } from './testing/setting.ts'
import { connectFrame, StompClient } from './testing/stomp-client.ts'

setDefaultTimeout(60_000)

let setting: Setting
let app: TestApp

beforeAll(async () => {
  setting = await openSetting()
  app = await setting.startSocket()
})
afterAll(() => setting.close())

test('T7 a WebSocket whose reader stands still is closed and counted, and the others miss nothing', async () => {
  const [content, slow, quick] = await Promise.all([setting.aContent(), setting.aPerson(), setting.aPerson()])
  const reader = await StompClient.signIn(app.url, quick.token)
  await reader.subscribe(`/sub/contents/${content.id}/chat`)
  const subscriptions = Array.from(
    { length: 99 },
    (_, n) => `SUBSCRIBE\nid:${n}\ndestination:/sub/contents/${content.id}/chat\n\n\0`,
  )
  const idle = await openRawSocket(app)
  for (const message of [`${connectFrame(slow.token)}\0`, ...subscriptions]) idle.send(message)
  await eventually('the slow one has subscribed', async () => /subscriptions\{.*\} 100\n/.test(await metrics()))
  let sent = 0
  await eventually(
    'the slow one is counted',
    async () => {
      sent += 1
      reader.send(
        `SEND\ndestination:/pub/contents/${content.id}/chat\nreceipt:${sent}\n\n${JSON.stringify({ content: 'x'.repeat(900) })}`,
      )
      await reader.next('RECEIPT')
      return /slow_readers_closed_total\{transport="raw".*\} 1\n/.test(await metrics())
    },
    30_000,
  )
  await eventually('the other one has every line', () => reader.frames.length === sent)
  expect(reader.closed).toBeUndefined()
  idle.destroy()
})

async function metrics(): Promise<string> {
  return (await fetch(`${app.url}/actuator/prometheus`)).text()
}
