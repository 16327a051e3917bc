/** A small world for random requests: somebody to be, and something of every kind that an id can name. */
import { newId } from '@mopl/infrastructure/ids'
import {
  conversationParticipants,
  conversations,
  directMessages,
  notifications,
  users,
} from '@mopl/infrastructure/tables'
import { eq } from 'drizzle-orm'
import { pairOf } from '../conversations/read.ts'
import type { Person, TestApi } from '../testing.ts'
import type { Existing } from './testing-values.ts'

export type World = Awaited<ReturnType<typeof createWorld>>

export async function createWorld(api: TestApi) {
  const { db, deps } = api
  const people = { user: await api.aUser(), admin: await api.aUser({ role: 'ADMIN' }), stranger: await api.aUser() }
  const { user, stranger } = people
  const victims = await Promise.all(Array.from({ length: 3 }, () => api.aUser()))
  const ids = {
    user: [user.id, stranger.id, ...victims.map(({ id }) => id)],
    content: await Promise.all(Array.from({ length: 4 }, () => api.aContent())),
    review: [] as string[],
    playlist: [] as string[],
    follow: [] as string[],
    conversation: [newId()],
    directMessage: [newId()],
    notification: Array.from({ length: 5 }, newId),
  }
  const password = 'the password of everybody'
  await db
    .update(users)
    .set({ passwordHash: await deps.passwords.hash(password) })
    .where(eq(users.id, user.id))
  const [conversationId = ''] = ids.conversation
  const [messageId = ''] = ids.directMessage
  const createdAt = new Date()
  await db.insert(conversations).values({ id: conversationId, ...pairOf(user.id, stranger.id), createdAt })
  await db.insert(conversationParticipants).values([
    { conversationId, userId: user.id, createdAt },
    { conversationId, userId: stranger.id, createdAt },
  ])
  const sent = { senderId: stranger.id, receiverId: user.id, content: '안녕' }
  await db.insert(directMessages).values({ id: messageId, conversationId, ...sent })
  await db
    .insert(notifications)
    .values(
      ids.notification.map((id) => ({ id, eventId: newId(), receiverId: user.id, title: '제목', content: '내용' })),
    )

  /** What `existing` stands for now: of the kind that its name tells, or any. Often that is about who asks. */
  function valueOf({ name, index }: Existing, person: Person): string {
    if (name === 'password') return password
    if (name === 'email' || name === 'username') return people.user.email
    if (name === 'userId' && index % 2 === 0) return person.id
    const kind = (Object.keys(ids) as (keyof typeof ids)[]).find((kind) => name === `${kind}Id`)
    const those = kind === undefined ? ids.user : ids[kind]
    return those.at(-1 - (index % Math.max(those.length, 1))) ?? newId()
  }

  /** What a request has made is there for the next. */
  function remember(path: string, body: unknown): void {
    const kind = /^\/api\/(content|review|playlist|follow|user)s$/.exec(path)?.[1] as keyof typeof ids | undefined
    if (kind !== undefined && isIdentified(body)) ids[kind].push(body.id)
  }

  /** Random requests end sessions and lock accounts, as they should; the next one wants somebody who can ask. */
  async function revive(person: Person): Promise<void> {
    await db.update(users).set({ isLocked: false }).where(eq(users.id, person.id))
    const { sessionId, refreshToken } = await deps.refreshTokens.begin(person.id)
    const role = person === people.admin ? 'ADMIN' : 'USER'
    Object.assign(person, {
      sessionId,
      refreshToken,
      token: await deps.tokens.sign({ id: person.id, role, sessionId }),
    })
  }

  return { people, valueOf, remember, revive }
}

function isIdentified(body: unknown): body is { id: string } {
  return typeof body === 'object' && body !== null && 'id' in body && typeof body.id === 'string'
}
