/** Kafka topics. The key of every record is the subject's id, so that one subject's events stay in order. */
export const topics = {
  review: 'mopl.review.v1',
  playlist: 'mopl.playlist.v1',
  follow: 'mopl.follow.v1',
  user: 'mopl.user.v1',
  content: 'mopl.content.v1',
  directMessage: 'mopl.direct-message.v1',
  watchingSession: 'mopl.watching-session.v1',
} as const

export type Topic = (typeof topics)[keyof typeof topics]

const deadLetterSuffix = '.dlq'

/** Where a consumer group puts what it could not handle. */
export function deadLetterTopic(topic: string, group: string): string {
  return `${topic}.${group}${deadLetterSuffix}`
}

/**
 * Partitions a topic is created with. Raising the number later re-maps keys, so it starts generous; dead letters are few, and
 * nobody shares the reading of them.
 */
export function partitionsOf(topic: string): number {
  return topic.endsWith(deadLetterSuffix) ? 1 : 12
}
