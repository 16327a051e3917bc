/**
 * This process among its equals. Liveness is per node: a lease in Redis, renewed every few seconds. What a node holds is
 * written under its id; when its lease is gone, the others may take that back at any time, so that a node that lost its
 * lease (frozen, cut off, Redis flushed) never uses the id again: it goes on under a new one and moves what it holds.
 */
import { randomBytes } from 'node:crypto'
import { redisKeys, ttlSeconds } from '@mopl/contracts/redis-keys'
import type { Redis } from 'ioredis'

export type Renewal =
  | { kept: true }
  /** `flushed`: Redis has lost its data, not only this node's lease: nobody was told that anybody left. */
  | { kept: false; flushed: boolean }

export class Node {
  readonly #redis: Redis
  readonly #name: string
  #id: string
  #epoch: string | undefined

  /** `name` is for human eyes; the id is unique for every start and every lost lease. */
  constructor(redis: Redis, name: string) {
    this.#redis = redis
    this.#name = name
    this.#id = this.#newId()
  }

  get id(): string {
    return this.#id
  }

  /** Takes the lease for the first time. */
  async enter(): Promise<void> {
    await this.#takeLease()
    this.#epoch = await this.#currentEpoch()
  }

  /** Prolongs the lease, or takes a new one under a new id when it was lost. Rejects while Redis is away. */
  async renew(): Promise<Renewal> {
    const kept = await this.#redis.set(redisKeys.nodeLease(this.#id), '1', 'EX', ttlSeconds.nodeLease, 'XX')
    if (kept === 'OK') return { kept: true }
    const epoch = await this.#currentEpoch()
    const flushed = epoch !== this.#epoch
    this.#id = this.#newId()
    await this.#takeLease()
    this.#epoch = epoch
    return { kept: false, flushed }
  }

  /** Says good-bye, when nothing is held any more. */
  async leave(): Promise<void> {
    await this.#redis.srem(redisKeys.nodes, this.#id)
    await this.#redis.del(redisKeys.nodeLease(this.#id))
  }

  async #takeLease(): Promise<void> {
    await this.#redis.set(redisKeys.nodeLease(this.#id), '1', 'EX', ttlSeconds.nodeLease)
    await this.#redis.sadd(redisKeys.nodes, this.#id)
  }

  /** A random mark that stands as long as Redis keeps its data: the first node to find none sets it. */
  async #currentEpoch(): Promise<string> {
    const mark = randomBytes(8).toString('hex')
    return (await this.#redis.set(redisKeys.epoch, mark, 'NX', 'GET')) ?? mark
  }

  #newId(): string {
    return `${this.#name}-${randomBytes(6).toString('hex')}`
  }
}
