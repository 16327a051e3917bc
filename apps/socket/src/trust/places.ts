/** So many at once for everybody who is counted, whoever that is. */

export class Places {
  readonly #atMost: number
  readonly #taken = new Map<string, number>()

  constructor(atMost: number) {
    this.#atMost = atMost
  }

  /** Takes a place and returns what gives it back, to be called once; `undefined` when there is none left. */
  take(owner: string): (() => void) | undefined {
    const taken = this.#taken.get(owner) ?? 0
    if (taken >= this.#atMost) return undefined
    this.#taken.set(owner, taken + 1)
    return () => this.#giveBack(owner)
  }

  #giveBack(owner: string): void {
    const left = (this.#taken.get(owner) ?? 0) - 1
    if (left > 0) this.#taken.set(owner, left)
    else this.#taken.delete(owner)
  }
}
