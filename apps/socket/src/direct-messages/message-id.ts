/**
 * The id of a message to be sent. A client that was not answered (the socket died, the brokers were slow) sends again
 * under the same `idempotency-key`, and it is the same message.
 */
import { createHash } from 'node:crypto'
import { AppError } from '@mopl/contracts/errors'
import { redisKeys, ttlSeconds } from '@mopl/contracts/redis-keys'
import { newId } from '@mopl/infrastructure/ids'
import type { Redis } from 'ioredis'

export type MessageToSend = { senderId: string; conversationId: string; content: string }

/**
 * A new id, or the one given before to this sender's message with this key.
 *
 * @throws {AppError} INVALID_REQUEST for an unusable key, IDEMPOTENCY_CONFLICT for one that another message has
 */
export async function messageIdFor(redis: Redis, message: MessageToSend, key: string | undefined): Promise<string> {
  const id = newId()
  if (key === undefined) return id
  if (!/^[\x21-\x7e]{1,255}$/.test(key))
    throw new AppError('INVALID_REQUEST', { 'idempotency-key': '공백 없는 ASCII 255자 이하여야 합니다.' })
  const mark = createHash('sha256').update(`${message.conversationId} ${message.content}`).digest('base64')
  const redisKey = redisKeys.sentMessage(message.senderId, key)
  const before = await redis.set(redisKey, `${id} ${mark}`, 'EX', ttlSeconds.sentMessage, 'NX', 'GET')
  if (before === null) return id
  const [idBefore = '', markBefore] = before.split(' ')
  if (markBefore !== mark) throw new AppError('IDEMPOTENCY_CONFLICT')
  return idBefore
}
