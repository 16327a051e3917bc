/**
 * Who has a conversation open: the worker does not send an event to somebody who sees the message anyway.
 * Counted per node, like rooms, so that a dead node's part can be taken back.
 */
import { redisKeys } from '@mopl/contracts/redis-keys'
import type { Redis } from 'ioredis'
import type { Place } from '../presence/presence.ts'
import { redisScript } from '../redis-script.ts'

/** KEYS open. ARGV userId, nodeId. */
const open = redisScript(`
if redis.call('HSETNX', KEYS[1], ARGV[1] .. '|' .. ARGV[2], 1) == 1 then
  redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
end
`)

/** KEYS open. ARGV userId, nodeId. Returns whether anything changed. */
const close = redisScript(`
if redis.call('HDEL', KEYS[1], ARGV[1] .. '|' .. ARGV[2]) == 0 then return 0 end
if redis.call('HINCRBY', KEYS[1], ARGV[1], -1) <= 0 then redis.call('HDEL', KEYS[1], ARGV[1]) end
return 1
`)

const prefix = 'open|'

/** How the entry is named in a node's list, and read back by the reaper. */
export function openConversationKey(conversationId: string, userId: string): string {
  return `${prefix}${conversationId}|${userId}`
}

/** What follows the prefix, when the entry is one of these. */
export function withoutOpenPrefix(key: string): string | undefined {
  return key.startsWith(prefix) ? key.slice(prefix.length) : undefined
}

export function openConversationPlace(redis: Redis, conversationId: string, userId: string): Place {
  return {
    enter: async (nodeId) => void (await open(redis, [redisKeys.openConversation(conversationId)], [userId, nodeId])),
    leave: async (nodeId) => void (await closeConversation(redis, conversationId, nodeId, userId)),
  }
}

export async function closeConversation(
  redis: Redis,
  conversationId: string,
  nodeId: string,
  userId: string,
): Promise<boolean> {
  return (await close(redis, [redisKeys.openConversation(conversationId)], [userId, nodeId])) === 1
}
