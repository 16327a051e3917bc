/** What a subscription has open, let go when it ends, also when it ends while it is still being opened. */

/** `left`: by UNSUBSCRIBE or DISCONNECT, the user means it. `lost`: the connection is gone, and may be back in a moment. */
export type Ending = 'left' | 'lost'

export class Subscription {
  #closers: ((ending: Ending) => void)[] = []
  #ended: Ending | undefined

  /** Calls `close` when the subscription ends; at once when it already has. */
  defer(close: (ending: Ending) => void): void {
    if (this.#ended === undefined) this.#closers.push(close)
    else close(this.#ended)
  }

  get ended(): boolean {
    return this.#ended !== undefined
  }

  end(ending: Ending): void {
    if (this.#ended !== undefined) return
    this.#ended = ending
    for (const close of this.#closers.toReversed()) close(ending)
    this.#closers = []
  }
}
