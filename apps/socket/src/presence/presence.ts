/**
 * Who is where through this node, as this process wants it to be, and the one place that makes Redis agree.
 *
 * Callers take and release holds; an entry with a hold should be in Redis under the node's id, one without should not.
 * Each entry is brought into agreement by one loop of its own: steps never overlap, every step may be repeated, and one whose
 * outcome is unknown (time-out, link lost) is repeated until it is known. Joining, leaving, coming back within the
 * grace, healing after Redis was away and moving to a new node id are all this same loop.
 */
import { redisKeys } from '@mopl/contracts/redis-keys'
import { inParts } from '@mopl/infrastructure/in-parts'
import type { Redis } from 'ioredis'
import type { Node } from './node.ts'

/** False, or why the node has a new id. */
export type Moved = false | { flushed: boolean }

/** What entering and leaving mean for one kind of place. Both must be harmless when repeated. */
export type Place = {
  /** `moved`: this process already held the place and only has a new node id. */
  enter(nodeId: string, moved: Moved): Promise<void>
  leave(nodeId: string): Promise<void>
}

type Entry = {
  key: string
  place: Place
  holds: number
  /** Why nobody may be there any more, whoever holds it. */
  refusal: Error | undefined
  /** The node id under which Redis has the entry, as far as known. */
  registeredAs: string | undefined
  /** False while the last step's outcome is not known. */
  settled: boolean
  agreeing: Promise<void> | undefined
}

/** Entries healed at the same time after a fault, so that a big node does not run into Redis' command deadline. */
const healedAtOnce = 200

export class Presence {
  readonly #redis: Redis
  readonly #node: Node
  readonly #onFailure: (error: unknown) => void
  readonly #entries = new Map<string, Entry>()
  #onEmpty: (() => void)[] = []

  constructor(redis: Redis, node: Node, onFailure: (error: unknown) => void) {
    this.#redis = redis
    this.#node = node
    this.#onFailure = onFailure
  }

  /** Settles when nothing is held any more and Redis agrees. */
  async untilEmpty(): Promise<void> {
    if (this.#entries.size > 0) await new Promise<void>((resolve) => this.#onEmpty.push(resolve))
  }

  /**
   * Takes a hold of the entry named `key`. `entered` settles when Redis has it; it rejects when Redis is away, and the
   * hold stands all the same; or with what `expel` said. `release` is to be called once; without a grace it settles when Redis
   * agrees, or was not there to.
   */
  hold(key: string, place: Place): { entered: Promise<void>; release(graceMs: number): Promise<void> } {
    const entry = this.#entries.get(key) ?? newEntry(key, place)
    this.#entries.set(key, entry)
    entry.holds += 1
    return {
      entered: this.#agree(entry).then(() => {
        if (entry.refusal !== undefined) throw entry.refusal
      }),
      release: async (graceMs) => {
        if (graceMs === 0) await this.#release(entry)
        else setTimeout(() => void this.#release(entry), graceMs)
      },
    }
  }

  /** Takes everybody who is here out of the places meant, for as long as the holds last: whoever takes one more is refused. */
  async expel(isMeant: (key: string) => boolean, refusal: Error): Promise<void> {
    for (const entry of this.#entries.values()) if (isMeant(entry.key)) entry.refusal = refusal
    await this.heal()
  }

  /**
   * Tries again whatever Redis does not agree with yet. When the node has a new id that is everything: each entry is
   * registered under the new one, then taken from under the old one.
   */
  async heal(): Promise<void> {
    const open = [...this.#entries.values()].filter((entry) => !this.#agrees(entry))
    await inParts(open, healedAtOnce, (entry) => this.#agreeQuietly(entry))
  }

  async #release(entry: Entry): Promise<void> {
    entry.holds -= 1
    if (entry.holds === 0) await this.#agreeQuietly(entry)
  }

  /** For whoever cannot do anything about a failure: `heal` comes by again. */
  async #agreeQuietly(entry: Entry): Promise<void> {
    await this.#agree(entry).catch(this.#onFailure)
  }

  #agree(entry: Entry): Promise<void> {
    if (entry.agreeing !== undefined) return entry.agreeing
    if (this.#agrees(entry)) {
      this.#forgetUnheld(entry)
      return Promise.resolve()
    }
    entry.agreeing = this.#takeSteps(entry)
    return entry.agreeing
  }

  async #takeSteps(entry: Entry): Promise<void> {
    try {
      while (!this.#agrees(entry)) {
        if (isWanted(entry)) await this.#enter(entry, this.#node.id)
        else await this.#leave(entry)
      }
      this.#forgetUnheld(entry)
    } finally {
      // In the same turn as the last look at the entry: a release right after starts a loop of its own.
      entry.agreeing = undefined
    }
  }

  #forgetUnheld(entry: Entry): void {
    if (entry.holds > 0) return
    this.#entries.delete(entry.key)
    if (this.#entries.size > 0) return
    for (const resolve of this.#onEmpty) resolve()
    this.#onEmpty = []
  }

  #agrees(entry: Entry): boolean {
    return entry.settled && entry.registeredAs === (isWanted(entry) ? this.#node.id : undefined)
  }

  async #enter(entry: Entry, nodeId: string): Promise<void> {
    const before = entry.registeredAs
    const moved = before !== undefined && before !== nodeId
    entry.settled = false
    if (!moved) entry.registeredAs = nodeId
    // The node's own list first: a crash right after entering must find its way to the reaper.
    await Promise.all([
      this.#redis.sadd(redisKeys.nodeMembers(nodeId), entry.key),
      this.#redis.sadd(redisKeys.nodes, nodeId),
    ])
    await entry.place.enter(nodeId, moved && { flushed: this.#node.flushed })
    if (moved) await this.#withdraw(entry, before)
    entry.registeredAs = nodeId
    entry.settled = true
  }

  async #leave(entry: Entry): Promise<void> {
    entry.settled = false
    if (entry.registeredAs !== undefined) await this.#withdraw(entry, entry.registeredAs)
    entry.registeredAs = undefined
    entry.settled = true
  }

  async #withdraw(entry: Entry, nodeId: string): Promise<void> {
    await entry.place.leave(nodeId)
    await this.#redis.srem(redisKeys.nodeMembers(nodeId), entry.key)
  }
}

function isWanted({ holds, refusal }: Entry): boolean {
  return holds > 0 && refusal === undefined
}

function newEntry(key: string, place: Place): Entry {
  return {
    key,
    place,
    holds: 0,
    refusal: undefined,
    registeredAs: undefined,
    settled: true,
    agreeing: undefined,
  }
}
