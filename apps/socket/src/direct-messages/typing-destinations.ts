/**
 * `/sub/conversations/{id}/typing` and `/pub/conversations/{id}/typing`: who is typing right now. Nothing of it is kept;
 * a hint that gets lost is made up for by the next one, or by running out.
 */
import type { TypingMessage } from '@mopl/contracts/realtime'
import { channels as channelNames } from '@mopl/contracts/redis-keys'
import { newId } from '@mopl/infrastructure/ids'
import type { Redis } from 'ioredis'
import * as v from 'valibot'
import type { Channels } from '../channels.ts'
import { type Destinations, destinationOf, type Visitor } from '../destinations.ts'
import type { FanOut, Subscriber } from '../fan-out.ts'
import type { Lookup } from '../lookup.ts'
import type { Participants } from '../lookups.ts'
import { readBody } from '../message-body.ts'
import { otherParticipant } from './participants.ts'
import { TypingPace } from './typing-pace.ts'

const kind = 'conversations/typing'
const TypingBody = v.object({ isTyping: v.boolean('true 또는 false여야 합니다.') }, '객체여야 합니다.')

/** A conversation has a few listeners, and each hint is meant for all but one: they are told one by one. */
type Listener = { subscriber: Subscriber; connectionId: string }

export type TypingDeps = { redis: Redis; channels: Channels; fanOut: FanOut; participants: Lookup<Participants> }

export function typingDestinations(deps: TypingDeps): {
  subscribe: Pick<Destinations['subscribe'], typeof kind>
  send: Pick<Destinations['send'], typeof kind>
} {
  const { redis, channels, fanOut, participants } = deps
  const conversations = new Map<string, Set<Listener>>()
  const pace = new TypingPace()
  const ids = new WeakMap<Visitor, string>()

  /** Names the connection on every instance. */
  function idOf(visitor: Visitor): string {
    const id = ids.get(visitor) ?? newId()
    ids.set(visitor, id)
    return id
  }

  function tell(conversationId: string, text: string): void {
    const [connectionId, id = '', body = ''] = text.split(' ')
    for (const listener of conversations.get(conversationId) ?? [])
      if (listener.connectionId !== connectionId)
        fanOut.send(destinationOf(kind, conversationId), listener.subscriber, [{ id, body }])
  }

  function add(conversationId: string, listener: Listener): () => void {
    const listeners = conversations.get(conversationId) ?? new Set()
    conversations.set(conversationId, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) conversations.delete(conversationId)
    }
  }

  return {
    subscribe: {
      async [kind](conversationId, subscription, subscriber, visitor) {
        await otherParticipant(participants, conversationId, visitor)
        const channel = channels.open(channelNames.typing(conversationId), (text) => tell(conversationId, text))
        subscription.defer(channel.close)
        await channel.ready
        if (subscription.ended) return
        subscription.defer(add(conversationId, { subscriber, connectionId: idOf(visitor) }))
      },
    },
    send: {
      async [kind](conversationId, body, visitor) {
        const { isTyping } = readBody(TypingBody, body)
        await otherParticipant(participants, conversationId, visitor)
        if (!pace.allows(visitor, conversationId, isTyping, performance.now())) return
        const message: TypingMessage = { userId: visitor.user.userId, isTyping }
        const text = `${idOf(visitor)} ${newId()} ${JSON.stringify(message)}`
        await redis.spublish(channelNames.typing(conversationId), text)
      },
    },
  }
}
