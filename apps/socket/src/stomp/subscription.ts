/** What a subscription has open, let go when it ends, also when it ends while it is still being opened. */

/** `left`: by UNSUBSCRIBE or DISCONNECT, the user means it. `lost`: the connection is gone, and may be back in a moment. */
export type Ending = 'left' | 'lost'

type Close = (ending: Ending) => Promise<void> | void

export class Subscription {
  #closers: readonly Close[] = []
  #ended: Ending | undefined

  /** Calls `close` when the subscription ends; at once when it already has. It must not reject. */
  defer(close: Close): void {
    // Copied, because `push` reserves room for sixteen more, and there are many subscriptions.
    if (this.#ended === undefined) this.#closers = [...this.#closers, close]
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
