/**
 * This process among its equals. Liveness is per node: a lease in Redis, renewed every few seconds. What a node holds is
 * written under its id; when its lease is gone, the others may take that back at any time, so that a node that lost its
 * lease (frozen, cut off, Redis flushed) never uses the id again: it goes on under a new one and moves what it holds. So
 * does a node whose Redis is another process than before: started again, or failed over to a replica, it may have lost the
 * last second of what was written, and nobody can say what.
 */
import { randomBytes } from 'node:crypto'
import { redisKeys, ttlSeconds } from '@mopl/contracts/redis-keys'
import type { Redis } from 'ioredis'

export class Node {
  readonly #redis: Redis
  readonly #name: string
  #id: string
  #epoch: string | undefined
  #flushed = false

  /** `name` is for human eyes; the id is unique for every start and every lost lease. */
  constructor(redis: Redis, name: string) {
    this.#redis = redis
    this.#name = name
    this.#id = this.#newId()
  }

  get id(): string {
    return this.#id
  }

  /** Whether Redis may have lost data when the id was last changed: then nobody was told that anybody left. */
  get flushed(): boolean {
    return this.#flushed
  }

  /** Whether Redis has lost what this node had written under that id, now or when the id was changed. Rejects while Redis is away. */
  async lostDataOf(id: string): Promise<boolean> {
    if (id !== this.#id) return this.#flushed
    return (await this.#currentEpoch()) !== this.#epoch
  }

  /** Takes the lease for the first time. */
  async enter(): Promise<void> {
    await this.#takeLease(this.#id)
    this.#epoch = await this.#currentEpoch()
  }

  /** Whether the lease stands: a node that has lost its own says nothing about those of others. Rejects while Redis is away. */
  async isAlive(): Promise<boolean> {
    return (await this.#redis.exists(redisKeys.nodeLease(this.#id))) === 1
  }

  /**
   * Prolongs the lease, or takes one under a new id when it, or what was written under the id, was lost. Answers whether the
   * id was kept. Rejects while Redis is away.
   */
  async renew(): Promise<boolean> {
    const kept = await this.#redis.set(redisKeys.nodeLease(this.#id), '1', 'EX', ttlSeconds.nodeLease, 'XX')
    const epoch = await this.#currentEpoch()
    if (kept === 'OK' && epoch === this.#epoch) return true
    const id = this.#newId()
    await this.#takeLease(id)
    // Together, and only now: whoever registers under the new id finds a lease, and the reason for the move.
    this.#id = id
    this.#flushed = epoch !== this.#epoch
    this.#epoch = epoch
    return false
  }

  /** Says good-bye. What is still held, because there was no time left to let it go, is taken back by the others. */
  async leave(): Promise<void> {
    const held = await this.#redis.exists(redisKeys.nodeMembers(this.#id))
    if (held === 0) await this.#redis.srem(redisKeys.nodes, this.#id)
    await this.#redis.del(redisKeys.nodeLease(this.#id))
  }

  async #takeLease(id: string): Promise<void> {
    await this.#redis.set(redisKeys.nodeLease(id), '1', 'EX', ttlSeconds.nodeLease)
    await this.#redis.sadd(redisKeys.nodes, id)
  }

  /**
   * Stands as long as Redis keeps its data: a random mark in it, which the first node to find none sets, and the process that
   * serves it.
   */
  async #currentEpoch(): Promise<string> {
    const mark = randomBytes(8).toString('hex')
    const [found, server] = await Promise.all([
      this.#redis.set(redisKeys.epoch, mark, 'NX', 'GET'),
      this.#redis.info('server'),
    ])
    return `${found ?? mark} ${/^run_id:(\w+)/m.exec(server)?.[1]}`
  }

  #newId(): string {
    return `${this.#name}-${randomBytes(6).toString('hex')}`
  }
}
