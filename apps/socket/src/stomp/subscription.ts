/** What a subscription has open, let go when it ends, also when it ends while it is still being opened. */

import { appended } from '../appended.ts'

/** `left`: by UNSUBSCRIBE or DISCONNECT, the user means it. `lost`: the connection is gone, and may be back in a moment. */
export type Ending = 'left' | 'lost'

type Close = (ending: Ending) => Promise<void> | void

export class Subscription {
  /** Tells it from the others of its connection. */
  readonly key: string
  #closers: readonly Close[] = []
  #ended: Ending | undefined

  constructor(key: string) {
    this.key = key
  }

  /** Calls `close` when the subscription ends; at once when it already has. It must not reject. */
  defer(close: Close): void {
    if (this.#ended === undefined) this.#closers = appended(this.#closers, close)
    else void close(this.#ended)
  }

  get ended(): boolean {
    return this.#ended !== undefined
  }

  /** Settles when all of it is let go; what takes no time is let go at once, the last first. */
  async end(ending: Ending): Promise<void> {
    if (this.#ended !== undefined) return
    this.#ended = ending
    const closers = this.#closers.toReversed()
    this.#closers = []
    await Promise.all(closers.map(async (close) => close(ending)))
  }
}
