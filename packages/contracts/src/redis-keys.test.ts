import slotOf from 'cluster-key-slot'
import { expect, test } from 'bun:test'
import { channels, redisKeys } from './redis-keys.ts'

const id = '0197a000-0000-7000-8000-000000000021'
const other = '0197a000-0000-7000-8000-000000000022'
const slots = (keys: string[]) => new Set(keys.map((key) => slotOf(key)))

test('all keys of one room are in one slot, and its channel with them', () => {
  const keys = [redisKeys.room(id), redisKeys.roomSince(id), redisKeys.roomRefs(id), redisKeys.roomClosed(id)]
  expect(slots([...keys, redisKeys.chat(id), redisKeys.playback(id), channels.room(id)]).size).toBe(1)
})

test('a user’s session and refresh tokens are in one slot', () => {
  const keys = [redisKeys.authSession(id), redisKeys.refreshToken(id, 'phone'), redisKeys.refreshToken(id, 'desk')]
  expect(slots(keys).size).toBe(1)
})

test('a user’s event stream and its channel are in one slot', () => {
  expect(slots([redisKeys.eventStream(id), channels.eventStream(id)]).size).toBe(1)
})

test('different rooms and users spread over slots', () => {
  expect(slots([redisKeys.room(id), redisKeys.room(other)]).size).toBe(2)
  expect(slots([redisKeys.authSession(id), redisKeys.authSession(other)]).size).toBe(2)
})

test('no two kinds of key share a name', () => {
  const names = Object.values(redisKeys).map((key) => (typeof key === 'function' ? key(id, 'x') : key))
  expect(new Set(names).size).toBe(names.length)
})
