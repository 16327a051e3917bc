/** Test equipment: everything that can happen in the world of `testing-world.ts`, and what the model learns of it. */
import type { EventType, MoplEvent, Payload } from '@mopl/contracts/events'
import { newEvent } from '@mopl/infrastructure/events'
import { newId } from '@mopl/infrastructure/ids'
import type { Model, Review } from './testing-model.ts'

/** Who follows, subscribes and talks to whom: settled before the first event. */
export type Population = {
  people: readonly string[]
  followers: ReadonlyMap<string, readonly string[]>
  contents: readonly string[]
  playlists: readonly { playlistId: string; ownerId: string; subscribers: readonly string[] }[]
  conversations: readonly { conversationId: string; senderId: string; receiverId: string }[]
}

export type Happenings = {
  /** Something that the api tells, through the outbox. */
  written: () => MoplEvent
  /** Something that the socket tells, straight into Kafka. */
  sent: () => MoplEvent
}

/** `random` gives numbers in [0, 1) and alone decides what happens. */
export function happenings(population: Population, model: Model, random: () => number): Happenings {
  const { people, followers, contents, playlists, conversations } = population
  const reviews: Review[] = []
  const sessions: Payload<'watching-session.started'>[] = []
  const below = (limit: number) => Math.floor(random() * limit)
  const pick = <T>(items: readonly T[]): T => at(items, below(items.length))
  const take = <T>(items: T[]): T | undefined => items.splice(below(items.length), 1)[0]

  function happened<T extends EventType>(type: T, key: string, payload: Payload<T>, told: readonly string[] = []) {
    const event = newEvent(type, key, payload, 'r') as MoplEvent
    model.notified(event, told)
    return event
  }

  function reviewCreated(): MoplEvent {
    const review = { reviewId: newId(), contentId: pick(contents), authorId: pick(people), rating: below(11) / 2 }
    const event = happened('review.created', review.contentId, review)
    reviews.push(review)
    model.rated(event, review.contentId, review.rating, 1)
    return event
  }

  function reviewUpdated(): MoplEvent {
    const review = take(reviews)
    if (review === undefined) return reviewCreated()
    const { rating: oldRating, ...which } = review
    const newRating = below(11) / 2
    const event = happened('review.updated', review.contentId, { ...which, oldRating, newRating })
    reviews.push({ ...which, rating: newRating })
    model.rated(event, review.contentId, newRating - oldRating, 0)
    return event
  }

  function reviewDeleted(): MoplEvent {
    const review = take(reviews)
    if (review === undefined) return reviewCreated()
    const event = happened('review.deleted', review.contentId, review)
    model.rated(event, review.contentId, -review.rating, -1)
    return event
  }

  function follow(type: 'follow.created' | 'follow.deleted'): MoplEvent {
    const followeeId = pick(people)
    const followerId = pick(followers.get(followeeId) ?? [])
    const told = type === 'follow.created' ? [followeeId] : []
    return happened(type, followeeId, { followId: newId(), followerId, followeeId }, told)
  }

  function subscription(type: 'playlist.subscribed' | 'playlist.unsubscribed'): MoplEvent {
    const { playlistId, ownerId } = pick(playlists)
    const subscriberId = pick(people)
    const told = type === 'playlist.subscribed' && subscriberId !== ownerId ? [ownerId] : []
    return happened(type, playlistId, { playlistId, ownerId, subscriberId }, told)
  }

  function playlistCreated(): MoplEvent {
    const { playlistId, ownerId } = pick(playlists)
    return happened('playlist.created', playlistId, { playlistId, ownerId }, followers.get(ownerId))
  }

  function contentAdded(): MoplEvent {
    const { playlistId, ownerId, subscribers } = pick(playlists)
    return happened(
      'playlist.content-added',
      playlistId,
      { playlistId, ownerId, contentId: pick(contents) },
      subscribers,
    )
  }

  function roleChanged(): MoplEvent {
    const userId = pick(people)
    return happened('user.role-changed', userId, { userId, oldRole: 'USER', newRole: 'ADMIN' }, [userId])
  }

  function passwordResetRequested(): MoplEvent {
    const userId = pick(people)
    const event = happened('user.password-reset-requested', userId, { userId, email: `${userId}@example.com` })
    model.passwordReset(event)
    return event
  }

  function somethingWithoutEffect(): MoplEvent {
    const [userId, contentId] = [pick(people), pick(contents)]
    return pick([
      () => happened('user.registered', userId, { userId }),
      () => happened('user.locked', userId, { userId, locked: true }),
      () => happened('content.created', contentId, { contentId }),
      () => happened('content.updated', contentId, { contentId }),
      () => happened('content.deleted', contentId, { contentId }),
    ])()
  }

  function watchingStarted(): MoplEvent {
    const [contentId, watcherId, startedAt] = [pick(contents), pick(people), new Date().toISOString()]
    const session = { watchingSessionId: newId(), contentId, watcherId, startedAt, watcherCount: below(1_000) }
    const event = happened('watching-session.started', contentId, session, followers.get(watcherId))
    sessions.push(session)
    model.watched({ ...session, endedAt: null })
    return event
  }

  function watchingEnded(): MoplEvent {
    const session = take(sessions)
    if (session === undefined) return watchingStarted()
    const ended = { ...session, watcherCount: below(1_000) }
    const event = happened('watching-session.ended', session.contentId, ended)
    model.watched({ ...ended, endedAt: event.occurredAt })
    return event
  }

  function messageSent(): MoplEvent {
    const { conversationId, senderId, receiverId } = pick(conversations)
    const message = { messageId: newId(), conversationId, senderId, receiverId, content: `안녕 ${below(1_000)}` }
    const event = happened('direct-message.sent', conversationId, message, [receiverId])
    model.sent(message)
    return event
  }

  const written: Choices = [
    [30, reviewCreated],
    [10, reviewUpdated],
    [8, reviewDeleted],
    [4, () => follow('follow.created')],
    [1, () => follow('follow.deleted')],
    [3, () => subscription('playlist.subscribed')],
    [1, () => subscription('playlist.unsubscribed')],
    [1, playlistCreated],
    [2, contentAdded],
    [3, roleChanged],
    [0.3, passwordResetRequested],
    [3, somethingWithoutEffect],
  ]
  const sent: Choices = [
    [3, watchingStarted],
    [3, watchingEnded],
    [4, messageSent],
  ]

  function any(choices: Choices): MoplEvent {
    let left = random() * choices.reduce((sum, [weight]) => sum + weight, 0)
    const [, make] = choices.find(([weight]) => (left -= weight) < 0) ?? at(choices, 0)
    return make()
  }

  return { written: () => any(written), sent: () => any(sent) }
}

type Choices = readonly (readonly [weight: number, () => MoplEvent])[]

/** The item at `index`, counted around. */
export function at<T>(items: readonly T[], index: number): T {
  const item = items[index % items.length]
  if (item === undefined) throw new Error('nothing there')
  return item
}
