/** The clockwork of a node: renews its lease, heals what Redis does not agree with, takes back what dead nodes hold. */
import { redisKeys } from '@mopl/contracts/redis-keys'
import type { Log } from '@mopl/infrastructure/log'
import type { Redis } from 'ioredis'
import type { Node } from './node.ts'
import type { Presence } from './presence.ts'
import { reapDeadNodes, type Withdraw } from './reaper.ts'

/** A lease lasts 15 s: it survives two failed renewals, and a dead node's watchers are gone in less than 20 s. */
const everyMs = { renewal: 5_000, healing: 1_000, reaping: 2_000, probing: 1_000 } as const
/** Whoever lost its lease or its link to Redis was hardly the only one: the others get time to come back before they are taken for dead. */
const comeBackWithinMs = 5_000

export type KeepAliveOptions = {
  redis: Redis
  subscriber: Redis
  node: Node
  presence: Presence
  withdraw: Withdraw
  /** Each makes up for something that was published while the subscriber's link was down. */
  catchUps: readonly (() => Promise<void>)[]
  log: Log
  onReaped: (count: number) => void
  /** Redis has lost its data: whatever else lives there has to be made again. */
  onFlushed: () => void
}

/** Runs until the returned function is called. While Redis is away every round fails quietly and the next one tries again. */
export function keepAlive(options: KeepAliveOptions): () => void {
  const { redis, subscriber, node, presence, withdraw, catchUps, log, onReaped, onFlushed } = options

  let reapsFromMs = 0
  const letOthersComeBack = () => {
    reapsFromMs = performance.now() + comeBackWithinMs
  }
  const renew = async () => {
    if (await node.renew()) return
    letOthersComeBack()
    log.warn({ nodeId: node.id, flushed: node.flushed }, 'lease was lost, going on under a new id')
    if (node.flushed) onFlushed()
    await presence.heal()
  }
  const reap = async () => {
    if (performance.now() < reapsFromMs || !(await node.isAlive())) return
    const reaped = await reapDeadNodes(redis, node.id, withdraw)
    if (reaped === 0) return
    onReaped(reaped)
    log.info({ reaped, by: redisKeys.nodeLease(node.id) }, 'took back what dead nodes held')
  }
  // Links that have died in silence are noticed by what waits on them for an answer, and replaced.
  const probe = async () => {
    const linked = [redis, subscriber].filter(({ status }) => status === 'ready')
    await Promise.all(linked.map((link) => link.ping()))
  }

  const renewing = rounds(everyMs.renewal, renew, log)
  const catchingUp = catchUps.map((catchUp) => {
    const ifLinked = async () => {
      if (subscriber.status === 'ready') await catchUp()
    }
    return rounds(everyMs.healing, ifLinked, log)
  })
  const onSubscriberReady = () => {
    for (const round of catchingUp) round.now()
  }
  const all = [
    renewing,
    ...catchingUp,
    rounds(everyMs.healing, () => presence.heal(), log),
    rounds(everyMs.reaping, reap, log),
    rounds(everyMs.probing, probe, log),
  ]
  const onReady = () => {
    letOthersComeBack()
    renewing.now()
  }
  redis.on('ready', onReady)
  subscriber.on('ready', onSubscriberReady)
  return () => {
    redis.off('ready', onReady)
    subscriber.off('ready', onSubscriberReady)
    for (const round of all) round.stop()
  }
}

/** Calls `work` every `intervalMs` and whenever asked to, never twice at the same time. */
function rounds(intervalMs: number, work: () => Promise<unknown>, log: Log): { now: () => void; stop: () => void } {
  let busy = false
  const now = () => {
    if (busy) return
    busy = true
    work()
      .catch((err: unknown) => log.debug({ err }, 'round failed'))
      .finally(() => {
        busy = false
      })
  }
  const timer = setInterval(now, intervalMs)
  return { now, stop: () => clearInterval(timer) }
}
