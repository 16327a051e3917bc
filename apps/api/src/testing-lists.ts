/** Every list of the api, for what must hold of all of them: how to fill it, how to ask for it, and in which order it is. */
import { redisKeys } from '@mopl/contracts/redis-keys'
import { newId, timeOfId } from '@mopl/infrastructure/ids'
import {
  contents,
  conversationParticipants,
  conversations,
  directMessages,
  notifications,
  playlistContents,
  playlists,
  reviews,
  users,
} from '@mopl/infrastructure/tables'
import { inArray } from 'drizzle-orm'
import { pairOf } from './conversations/read.ts'
import type { Person, TestApi } from './testing.ts'

/** `key` (0, 1 or 2) becomes every value that the list can be sorted by: many rows have the same. */
export type Row = { id: string; key: number }

export type List = {
  path: string
  /** Of whoever asks, when that is not the reader. */
  token?: string
  filter: Record<string, string>
  /** Name of the sort -> where a row's key stands in it, when that is not the key itself. */
  sorts: Record<string, (key: number) => number>
  insert: (rows: Row[]) => Promise<void>
  remove: (ids: string[]) => Promise<void>
}

const moments = ['2026-01-01T00:00:00.001Z', '2026-01-01T00:00:00.002Z', '2026-01-01T00:00:01Z']
const asIs = (key: number) => key
const either = (key: number) => key % 2
const momentOf = (key: number) => new Date(moments[key] ?? 0)

/** Rows of lists that need somebody else each have room for `room` of them. */
export async function createLists(api: TestApi, reader: Person, room: number): Promise<Record<string, List>> {
  const { db, redis } = api
  const contentIds = await Promise.all(Array.from({ length: room }, () => api.aContent({ type: 'sport' })))
  const [contentId = ''] = contentIds
  const people = await Promise.all(Array.from({ length: room }, () => api.aUser()))
  const [one = reader, two = reader] = people
  const free = [...people.keys()]
  const taken = new Map<string, number>()

  /** Somebody, or the content of the same number, that no other row of the list has. */
  function take(id: string): number {
    const place = free.pop()
    if (place === undefined) throw new Error('more rows than there is room for')
    taken.set(id, place)
    return place
  }
  function giveBack(ids: string[]): void {
    for (const id of ids) {
      const place = taken.get(id)
      if (place !== undefined) free.push(place)
      taken.delete(id)
    }
  }

  const participantsOf = ({ id, lowerUserId, higherUserId, createdAt }: typeof conversations.$inferSelect) =>
    [lowerUserId, higherUserId].map((userId) => ({ conversationId: id, userId, createdAt }))
  const conversation = { id: newId(), ...pairOf(one.id, two.id), createdAt: new Date(0) }
  await db.insert(conversations).values(conversation)
  await db.insert(conversationParticipants).values(participantsOf(conversation))

  /** `sidesOf` a place: which content, and who wrote. */
  const reviewList = (
    filter: Record<string, string>,
    sidesOf: (place: number) => { contentId: string; authorId: string },
  ): List => ({
    path: '/api/reviews',
    filter,
    sorts: { createdAt: asIs, rating: asIs },
    async insert(rows) {
      const values = rows.map(({ id, key }) => {
        const { contentId, authorId } = sidesOf(take(id))
        return { id, contentId, authorId, text: '.', rating: [0.1, 3.3, 5][key] ?? 0, createdAt: momentOf(key) }
      })
      await db.insert(reviews).values(values)
    },
    async remove(ids) {
      await db.delete(reviews).where(inArray(reviews.id, ids))
      giveBack(ids)
    },
  })

  return {
    contents: {
      path: '/api/contents',
      filter: { typeEqual: 'movie' },
      sorts: { createdAt: asIs, watcherCount: asIs, rate: asIs },
      async insert(rows) {
        const rest = { type: 'movie' as const, title: '제목', description: '' }
        await db.insert(contents).values(
          // A third has no exact binary form.
          rows.map(({ id, key }) => ({
            ...rest,
            id,
            createdAt: momentOf(key),
            watcherCount: key,
            ratingSum: key,
            reviewCount: 3,
          })),
        )
      },
      remove: async (ids) => void (await db.delete(contents).where(inArray(contents.id, ids))),
    },
    reviews: reviewList({}, (place) => ({ contentId: contentIds[place] ?? '', authorId: reader.id })),
    'reviews of a content': reviewList({ contentId }, (place) => ({ contentId, authorId: people[place]?.id ?? '' })),
    users: {
      path: '/api/users',
      filter: { emailLike: '-walker-' },
      sorts: { name: asIs, email: asIs, createdAt: asIs, isLocked: either, role: either },
      async insert(rows) {
        await db.insert(users).values(
          rows.map(({ id, key }) => ({
            id,
            email: `${'abc'[key]}-walker-${id}@mopl.test`,
            name: ['가나다', '나나나', '다다다'][key] ?? '',
            createdAt: momentOf(key),
            isLocked: either(key) === 1,
            role: either(key) === 1 ? ('USER' as const) : ('ADMIN' as const),
          })),
        )
      },
      remove: async (ids) => void (await db.delete(users).where(inArray(users.id, ids))),
    },
    playlists: {
      path: '/api/playlists',
      filter: { ownerIdEqual: reader.id, keywordLike: '목록' },
      sorts: { updatedAt: asIs, subscribeCount: asIs },
      async insert(rows) {
        const rest = { ownerId: reader.id, title: '플레이목록', description: '' }
        await db
          .insert(playlists)
          .values(rows.map(({ id, key }) => ({ ...rest, id, updatedAt: momentOf(key), subscriberCount: key })))
        await db.insert(playlistContents).values(rows.map(({ id }) => ({ playlistId: id, contentId })))
      },
      remove: async (ids) => void (await db.delete(playlists).where(inArray(playlists.id, ids))),
    },
    conversations: {
      path: '/api/conversations',
      filter: {},
      sorts: { createdAt: asIs },
      async insert(rows) {
        const values = rows.map(({ id, key }) => {
          const partner = people[take(id)]?.id ?? ''
          return { id, ...pairOf(reader.id, partner), createdAt: momentOf(key) }
        })
        await db.insert(conversations).values(values)
        await db.insert(conversationParticipants).values(values.flatMap(participantsOf))
      },
      async remove(ids) {
        await db.delete(conversations).where(inArray(conversations.id, ids))
        giveBack(ids)
      },
    },
    'direct messages': {
      path: `/api/conversations/${conversation.id}/direct-messages`,
      token: two.token,
      filter: {},
      sorts: { createdAt: asIs },
      async insert(rows) {
        const rest = { conversationId: conversation.id, senderId: one.id, receiverId: two.id, content: '안녕' }
        await db.insert(directMessages).values(rows.map(({ id, key }) => ({ ...rest, id, createdAt: momentOf(key) })))
      },
      remove: async (ids) => void (await db.delete(directMessages).where(inArray(directMessages.id, ids))),
    },
    notifications: {
      path: '/api/notifications',
      filter: {},
      sorts: { createdAt: asIs },
      async insert(rows) {
        const rest = { receiverId: reader.id, title: '제목', content: '내용' }
        await db
          .insert(notifications)
          .values(rows.map(({ id, key }) => ({ ...rest, id, eventId: newId(), createdAt: momentOf(key) })))
      },
      remove: async (ids) => void (await db.delete(notifications).where(inArray(notifications.id, ids))),
    },
    'watching sessions': {
      path: `/api/contents/${contentId}/watching-sessions`,
      filter: {},
      // A session's time is the one inside its id.
      sorts: { createdAt: () => 0 },
      async insert(rows) {
        for (const { id } of rows) {
          const userId = newId()
          const member = { id, createdAt: timeOfId(id).toISOString(), watcher: { userId, name: '시청자' } }
          await redis.hset(redisKeys.room(contentId), userId, JSON.stringify(member))
          await redis.zadd(redisKeys.roomSince(contentId), 0, `${id}:${userId}`)
        }
      },
      remove: async () => void (await redis.del(redisKeys.room(contentId), redisKeys.roomSince(contentId))),
    },
  }
}
