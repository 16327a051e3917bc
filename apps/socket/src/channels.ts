/**
 * Redis sharded channels, each listened to once per process and only while somebody here needs it. SSUBSCRIBE and
 * SUNSUBSCRIBE go over one connection in the order of the calls, so that a quick leave and come back ends up listening.
 */
import { AppError } from '@mopl/contracts/errors'
import { channels } from '@mopl/contracts/redis-keys'
import { within } from './within.ts'
import type { Redis } from 'ioredis'

type Listener = (message: string) => void
/** `close` is the same for all who opened it. */
type Channel = { listener: Listener; users: number; listening: Promise<unknown>; close: () => void }

const confirmWithinMs = 2_000

export class Channels {
  readonly #subscriber: Redis
  readonly #channels = new Map<string, Channel>()

  constructor(subscriber: Redis) {
    this.#subscriber = subscriber
    // ioredis takes "no sharded channel any more" for "no channel any more": it drops what comes over plain ones,
    // revocations above all, and does not subscribe to them again after a dropped link. So there is always one.
    subscriber.ssubscribe(channels.silence).catch(() => undefined)
    subscriber.on('smessage', (name: string, message: string) => {
      this.#channels.get(name)?.listener(message)
    })
  }

  /**
   * Messages of the channel go to `listener` until everybody who opened it has called `close`. A channel has one listener:
   * whoever opens it later shares the first one's. `ready` settles when Redis has confirmed: whatever is published later arrives.
   *
   * `ready` rejects with {AppError} UNAVAILABLE when Redis is away; the channel is heard as soon as it is back, unless closed.
   */
  open(name: string, listener: Listener): { ready: Promise<void>; close: () => void } {
    const channel = this.#channels.get(name) ?? this.#listen(name, listener)
    channel.users += 1
    return { ready: this.#confirmed(channel), close: channel.close }
  }

  #listen(name: string, listener: Listener): Channel {
    const listening = this.#subscriber.ssubscribe(name)
    // Whoever opened the channel learns of a failure through `ready`; a dropped link re-subscribes by itself.
    listening.catch(() => undefined)
    const channel = { listener, users: 0, listening, close: () => this.#leave(name, channel) }
    this.#channels.set(name, channel)
    return channel
  }

  async #confirmed(channel: Channel): Promise<void> {
    if (this.#subscriber.status !== 'ready') throw new AppError('UNAVAILABLE', {}, 1)
    await within(confirmWithinMs, channel.listening)
  }

  #leave(name: string, channel: Channel): void {
    channel.users -= 1
    if (channel.users > 0) return
    this.#channels.delete(name)
    // Fails only while the link is down, and then there is nothing to leave.
    this.#subscriber.sunsubscribe(name).catch(() => undefined)
  }
}
