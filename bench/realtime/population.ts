/** Makes the numbered viewers real users: whatever the socket would ask the api for already stands in Redis. */
import type { ContentSummary } from '@mopl/contracts/realtime'
import { redisKeys } from '@mopl/contracts/redis-keys'
import { withSql } from '@mopl/local/postgres'
import { Redis } from 'ioredis'
import { contentId, conversationIdOf, firstSpeaker, nameOf, sessionIdOf, userIdOf } from './load/viewers.ts'

const aDaySeconds = 24 * 60 * 60
const atOnce = 1_000

const content: ContentSummary = {
  id: contentId,
  type: 'movie',
  title: '벤치마크',
  description: '모두가 함께 보는 영화',
  tags: ['드라마'],
  averageRating: 4.5,
  reviewCount: 1_000,
}

/** Signs `viewers` viewers and `speakers` speakers in; each viewer has a conversation with the speaker of the same number. */
export async function signIn(
  redisUrl: string,
  { viewers, speakers }: { viewers: number; speakers: number },
): Promise<void> {
  const redis = new Redis(redisUrl)
  try {
    await redis.set(redisKeys.contentSummaryCache(contentId), JSON.stringify(content), 'EX', aDaySeconds)
    const numbers = [...range(0, viewers), ...range(firstSpeaker, speakers)]
    for (let first = 0; first < numbers.length; first += atOnce) {
      const pipeline = redis.pipeline()
      for (const viewer of numbers.slice(first, first + atOnce)) {
        const summary = { userId: userIdOf(viewer), name: nameOf(viewer) }
        pipeline.set(redisKeys.authSession(summary.userId), sessionIdOf(viewer), 'EX', aDaySeconds)
        pipeline.set(redisKeys.userSummaryCache(summary.userId), JSON.stringify(summary), 'EX', aDaySeconds)
        const pair = [viewer % firstSpeaker, (viewer % firstSpeaker) + firstSpeaker].map(userIdOf)
        pipeline.set(redisKeys.participantsCache(conversationIdOf(viewer)), pair.join('|'), 'EX', aDaySeconds)
      }
      await pipeline.exec()
    }
  } finally {
    redis.disconnect()
  }
}

/** The rows that direct messages between the first `pairs` viewers and speakers refer to. */
export async function insertConversations(databaseUrl: string, pairs: number): Promise<void> {
  const viewers = range(0, pairs)
  const users = [...viewers, ...range(firstSpeaker, pairs)].map((viewer) => ({
    id: userIdOf(viewer),
    email: `viewer-${viewer}@example.com`,
    name: nameOf(viewer),
  }))
  const conversations = viewers.map((viewer) => ({
    id: conversationIdOf(viewer),
    lower_user_id: userIdOf(viewer),
    higher_user_id: userIdOf(viewer + firstSpeaker),
  }))
  await withSql(databaseUrl, async (sql) => {
    await sql`insert into users ${sql(users)}`
    await sql`insert into conversations ${sql(conversations)}`
    await sql`
      insert into conversation_participants (conversation_id, user_id, created_at)
      select id, unnest(array[lower_user_id, higher_user_id]), created_at from conversations`
  })
}

export async function countStoredMessages(databaseUrl: string): Promise<number> {
  return withSql(databaseUrl, async (sql) => {
    const [row] = await sql<{ count: number }[]>`select count(*)::int as count from direct_messages`
    return row?.count ?? 0
  })
}

function range(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index)
}
