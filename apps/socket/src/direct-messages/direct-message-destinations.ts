/**
 * `/sub/conversations/{id}/direct-messages` and `/pub/conversations/{id}/direct-messages`.
 *
 * A sent message goes to Kafka and is answered when the brokers have it; the worker stores it and only then publishes it
 * on the conversation's channel: nobody ever sees a message that is not stored.
 */
import { newEvent } from '@mopl/infrastructure/events'
import { timeOfId } from '@mopl/infrastructure/ids'
import type { Redis } from 'ioredis'
import { type Destinations, destinationOf } from '../destinations.ts'
import type { FanOut } from '../fan-out.ts'
import type { Lookup } from '../lookup.ts'
import type { Participants } from '../lookups.ts'
import { readContent } from '../message-body.ts'
import type { Presence } from '../presence/presence.ts'
import type { Publisher } from '../publisher.ts'
import type { Conversations } from './conversations.ts'
import { messageIdFor } from './message-id.ts'
import { otherParticipant } from './participants.ts'
import { openConversationKey, openConversationPlace } from './open-conversation.ts'

const kind = 'conversations/direct-messages'

export type DirectMessageDeps = {
  redis: Redis
  conversations: Conversations
  fanOut: FanOut
  presence: Presence
  publisher: Publisher
  participants: Lookup<Participants>
}

export function directMessageDestinations(deps: DirectMessageDeps): {
  subscribe: Pick<Destinations['subscribe'], typeof kind>
  send: Pick<Destinations['send'], typeof kind>
} {
  const { redis, conversations, fanOut, presence, publisher, participants } = deps

  return {
    subscribe: {
      async [kind](conversationId, subscription, subscriber, visitor) {
        await otherParticipant(participants, conversationId, visitor)
        const listener = conversations.open(conversationId, visitor.claims)
        let close: () => Promise<void> | void = listener.close
        subscription.defer(() => close())
        await listener.ready
        if (subscription.ended) return
        const stop = fanOut.subscribe(destinationOf(kind, conversationId), subscriber)
        const { userId } = visitor.user
        const place = openConversationPlace(redis, conversationId, userId)
        const hold = presence.hold(openConversationKey(conversationId, userId), place)
        // Redis first: whom the worker still finds here is still shown what it published before it looked.
        close = () =>
          hold.release(0).finally(() => {
            stop()
            listener.close()
          })
        await hold.entered
      },
    },
    send: {
      async [kind](conversationId, body, visitor, headers) {
        const content = readContent(body)
        const receiverId = await otherParticipant(participants, conversationId, visitor)
        const senderId = visitor.claims.sub
        const messageId = await messageIdFor(
          redis,
          { senderId, conversationId, content },
          headers.get('idempotency-key'),
        )
        const message = { messageId, conversationId, senderId, receiverId, content }
        const event = newEvent('direct-message.sent', conversationId, message, visitor.requestId)
        // All of it follows from the message's id: sent again it is the same event, and has its effect once.
        await publisher.publish({ ...event, eventId: messageId, occurredAt: timeOfId(messageId).toISOString() })
      },
    },
  }
}
