import { newId } from '@mopl/infrastructure/ids'
import { createLog } from '@mopl/infrastructure/log'
import { eventually } from '@mopl/infrastructure/testing'
import { expect, test } from 'bun:test'
import { Redis } from 'ioredis'
import { FanOut } from '../fan-out.ts'
import { Room } from './room.ts'

test('C5 a room that nobody is in any more tells nothing that it still held: who comes next has read it', async () => {
  const contentId = newId()
  const told: string[] = []
  const fanOut = new FanOut({
    publish: (_topic, text) => told.push(/"(.*)"/.exec(text)?.[1] ?? ''),
    nodeId: 'test',
    onDelivered: () => undefined,
  })
  const transport = { framing: 'raw', send() {}, join() {}, leave() {}, close() {} } as const
  fanOut.subscribe(`/sub/contents/${contentId}/chat`, { transport, subscriptionId: 'chat', version: '1.2' })
  const content = { id: contentId, type: 'movie', title: '', description: '', tags: [], averageRating: 0 } as const
  const aRoom = () =>
    new Room(
      {
        redis: new Redis({ lazyConnect: true }),
        fanOut,
        contents: { get: async () => ({ ...content, tags: [], reviewCount: 0 }) },
        log: createLog('test', 'silent'),
        onOmitted: () => undefined,
      },
      contentId,
      { ...content, tags: [], reviewCount: 0 },
      { sub: newId(), role: 'USER', sid: newId(), iat: 0, exp: 0 },
    )
  const lines = (name: string) => Array.from({ length: 20 }, (_, at) => `${name} ${at}`)
  const deliver = (room: Room, line: string) => room.deliver(`CHAT 0\n1-${line.split(' ')[1]}-00000000 "${line}"`)

  const [before, next] = [aRoom(), aRoom()]
  for (const line of lines('before')) deliver(before, line)
  expect(told.length).toBeLessThan(20)
  before.close()
  told.length = 0
  for (const line of lines('next')) deliver(next, line)
  // Held for the same time, from later on.
  await eventually('all is told', () => told.includes('next 19'))
  expect(told).toEqual(lines('next'))
  next.close()
})
