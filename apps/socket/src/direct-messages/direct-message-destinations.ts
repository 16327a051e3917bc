/**
 * `/sub/conversations/{id}/direct-messages` and `/pub/conversations/{id}/direct-messages`.
 *
 * A sent message goes to Kafka and is answered when the brokers have it; the worker stores it and only then publishes it
 * on the conversation's channel: nobody ever sees a message that is not stored.
 */
import { AppError } from '@mopl/contracts/errors'
import { DirectMessageDto } from '@mopl/contracts/realtime'
import { channels as channelNames } from '@mopl/contracts/redis-keys'
import { newEvent } from '@mopl/infrastructure/events'
import { newId } from '@mopl/infrastructure/ids'
import type { Log } from '@mopl/infrastructure/log'
import type { Redis } from 'ioredis'
import * as v from 'valibot'
import type { Channels } from '../channels.ts'
import { type Destinations, destinationOf, type Visitor } from '../destinations.ts'
import type { FanOut } from '../fan-out.ts'
import type { Lookup } from '../lookup.ts'
import type { Participants } from '../lookups.ts'
import { readContent } from '../message-body.ts'
import type { Presence } from '../presence/presence.ts'
import type { Publisher } from '../publisher.ts'
import { openConversationKey, openConversationPlace } from './open-conversation.ts'

const kind = 'conversations/direct-messages'
const DirectMessageJson = v.pipe(v.string(), v.parseJson(), DirectMessageDto)

export type DirectMessageDeps = {
  redis: Redis
  channels: Channels
  fanOut: FanOut
  presence: Presence
  publisher: Publisher
  participants: Lookup<Participants>
  log: Log
}

export function directMessageDestinations(deps: DirectMessageDeps): {
  subscribe: Pick<Destinations['subscribe'], typeof kind>
  send: Pick<Destinations['send'], typeof kind>
} {
  const { redis, channels, fanOut, presence, publisher, participants, log } = deps
  const listen = (conversationId: string) =>
    channels.open(channelNames.conversation(conversationId), (text) => {
      if (v.is(DirectMessageJson, text)) fanOut.publish(destinationOf(kind, conversationId), text)
      else log.warn({ conversationId }, 'unreadable direct message dropped')
    })

  /** @throws {AppError} CONVERSATION_NOT_FOUND, also for somebody who is not in it: that it exists is nobody else's business */
  async function otherParticipant(conversationId: string, { claims }: Visitor): Promise<string> {
    const [one, two] = await participants.get(conversationId, claims)
    if (claims.sub === one) return two
    if (claims.sub === two) return one
    throw new AppError('CONVERSATION_NOT_FOUND')
  }

  return {
    subscribe: {
      async [kind](conversationId, subscription, subscriber, visitor) {
        await otherParticipant(conversationId, visitor)
        const listener = listen(conversationId)
        subscription.defer(listener.close)
        await listener.ready
        if (subscription.ended) return
        subscription.defer(fanOut.subscribe(destinationOf(kind, conversationId), subscriber))
        const { userId } = visitor.user
        const place = openConversationPlace(redis, conversationId, userId)
        const hold = presence.hold(openConversationKey(conversationId, userId), place)
        subscription.defer(() => hold.release(0))
        await hold.entered
      },
    },
    send: {
      async [kind](conversationId, body, visitor) {
        const content = readContent(body)
        const receiverId = await otherParticipant(conversationId, visitor)
        const message = { messageId: newId(), conversationId, senderId: visitor.claims.sub, receiverId, content }
        await publisher.publish(newEvent('direct-message.sent', conversationId, message, visitor.requestId))
      },
    },
  }
}
