/** Takes back what dead nodes hold. Every instance does so; the scripts let only one of them find somebody still there. */
import { redisKeys } from '@mopl/contracts/redis-keys'
import type { Redis } from 'ioredis'

/** Leaves the entry `key` on behalf of the node. Answers whether that changed anything. */
export type Withdraw = (key: string, nodeId: string) => Promise<boolean>

/** Entries of a dead node taken back at the same time. */
const batchSize = 100

/** One round over all nodes without a lease, except `ownId`. Returns how many entries it took back. */
export async function reapDeadNodes(redis: Redis, ownId: string, withdraw: Withdraw): Promise<number> {
  let reaped = 0
  for (const nodeId of await redis.smembers(redisKeys.nodes)) {
    if (nodeId === ownId || (await redis.exists(redisKeys.nodeLease(nodeId))) === 1) continue
    reaped += await reapNode(redis, nodeId, withdraw)
  }
  return reaped
}

async function reapNode(redis: Redis, nodeId: string, withdraw: Withdraw): Promise<number> {
  const members = redisKeys.nodeMembers(nodeId)
  let reaped = 0
  for (;;) {
    const keys = await redis.srandmember(members, batchSize)
    if (keys.length === 0) break
    // The list is shortened after the fact: a reaper that dies here leaves the rest to the next one.
    const changed = await Promise.all(keys.map((key) => withdraw(key, nodeId)))
    await redis.srem(members, ...keys)
    reaped += changed.filter(Boolean).length
  }
  await redis.srem(redisKeys.nodes, nodeId)
  return reaped
}
