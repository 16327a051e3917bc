import { afterAll, expect, test } from 'bun:test'
import { newId } from '@mopl/infrastructure/ids'
import { playlists, playlistSubscriptions } from '@mopl/infrastructure/tables'
import { eventually, waitingForLocks } from '@mopl/infrastructure/testing'
import { eq } from 'drizzle-orm'
import fc from 'fast-check'
import { type Answer, openTestApi, type Person } from '../testing.ts'

const api = await openTestApi()
afterAll(() => api.close())

async function aPlaylist({ id: ownerId }: Person): Promise<string> {
  const id = newId()
  await api.db.insert(playlists).values({ id, ownerId, title: '제목', description: '' })
  return id
}

type Method = 'POST' | 'DELETE'

function turn(method: Method, { token }: Person, playlistId: string) {
  return api.call(method, `/api/playlists/${playlistId}/subscription`, { token })
}

async function subscribers(playlistId: string): Promise<string[]> {
  const rows = await api.db.select().from(playlistSubscriptions).where(eq(playlistSubscriptions.playlistId, playlistId))
  return rows.map(({ subscriberId }) => subscriberId)
}

async function countOf(playlistId: string): Promise<number | undefined> {
  const [playlist] = await api.db.select().from(playlists).where(eq(playlists.id, playlistId))
  return playlist?.subscriberCount
}

test('subscribing and its end are counted, told and idempotent', async () => {
  const [owner, reader] = [await api.aUser(), await api.aUser()]
  const playlistId = await aPlaylist(owner)
  for (const [method, count] of [
    ['DELETE', 0],
    ['POST', 1],
    ['POST', 1],
    ['DELETE', 0],
    ['DELETE', 0],
  ] as const) {
    expect((await turn(method, reader, playlistId)).status).toBe(204)
    expect(await countOf(playlistId)).toBe(count)
  }
  const payload = { playlistId, ownerId: owner.id, subscriberId: reader.id }
  expect(await api.eventsOf(playlistId)).toMatchObject([
    { type: 'playlist.subscribed', key: playlistId, payload },
    { type: 'playlist.unsubscribed', key: playlistId, payload },
  ])
})

test('one may subscribe to a playlist of one’s own, and subscribing does not make it newer', async () => {
  const owner = await api.aUser()
  const playlistId = await aPlaylist(owner)
  const readTime = async () =>
    (await api.db.select().from(playlists).where(eq(playlists.id, playlistId)))[0]!.updatedAt.getTime()
  const before = await readTime()
  expect((await turn('POST', owner, playlistId)).status).toBe(204)
  expect(await subscribers(playlistId)).toEqual([owner.id])
  expect(await readTime()).toBe(before)
})

const Turn = fc.record({
  method: fc.constantFrom('POST', 'DELETE'),
  person: fc.nat(4),
  playlist: fc.nat(2),
})

test('whatever races, count, rows and events agree', async () => {
  const owner = await api.aUser()
  const people = await Promise.all(Array.from({ length: 5 }, () => api.aUser()))

  const agree = async (turns: { method: Method; person: number; playlist: number }[]) => {
    const ids = await Promise.all([aPlaylist(owner), aPlaylist(owner), aPlaylist(owner)])
    const answers = await Promise.all(
      turns.map(({ method, person, playlist }) => turn(method, people[person]!, ids[playlist]!)),
    )
    expect(answers.map(({ status }) => status)).toEqual(turns.map(() => 204))
    for (const id of ids) {
      const subscribed = await subscribers(id)
      expect(await countOf(id)).toBe(subscribed.length)
      expect(subscribedBy(await api.eventsOf(id))).toEqual(subscribed.toSorted())
    }
  }
  const races = fc.asyncProperty(fc.array(Turn, { minLength: 10, maxLength: 60 }), agree)
  await fc.assert(races, { numRuns: 20, seed: 11 })
})

test.each(['POST', 'DELETE'] as const)(
  'a playlist may go while somebody is about to %s a subscription',
  async (method) => {
    const [owner, reader] = [await api.aUser(), await api.aUser()]
    const playlistId = await aPlaylist(owner)
    await turn('POST', owner, playlistId)
    if (method === 'DELETE') await turn('POST', reader, playlistId)
    const answers: Promise<Answer>[] = []
    await api.db.transaction(async (tx) => {
      await tx.select().from(playlists).where(eq(playlists.id, playlistId)).for('no key update')
      answers.push(api.call('DELETE', `/api/playlists/${playlistId}`, { token: owner.token }))
      await eventually('the owner waits', async () => (await waitingForLocks(api.db)) === 1)
      answers.push(turn(method, reader, playlistId))
      await eventually('both wait', async () => (await waitingForLocks(api.db)) === 2)
    })
    const [deleted, turned] = await Promise.all(answers)
    expect(deleted).toMatchObject({ status: 200 })
    expect([204, 404]).toContain(turned!.status)
    expect(await countOf(playlistId)).toBeUndefined()
  },
)

/** Who is subscribed when the events are all that is known; nobody may come in twice or leave without being in. */
function subscribedBy(events: Awaited<ReturnType<typeof api.eventsOf>>): string[] {
  const inside = new Set<string>()
  for (const { type, payload } of events) {
    const { subscriberId } = payload as { subscriberId: string }
    expect(inside.has(subscriberId)).toBe(type === 'playlist.unsubscribed')
    if (type === 'playlist.subscribed') inside.add(subscriberId)
    else inside.delete(subscriberId)
  }
  return [...inside].toSorted()
}
