/** Chance that can be repeated: the same seed, the same run. */

export type Random = {
  /** A whole number from 0 up to, not including, `below`. */
  below(below: number): number
  /** One of them. */
  pick<T>(from: readonly [T, ...T[]]): T
  /** All of them, in another order. */
  shuffled<T>(items: readonly T[]): T[]
  /** True with this probability. */
  chance(probability: number): boolean
}

/** mulberry32. */
export function seeded(seed: number): Random {
  let state = seed
  const next = () => {
    state = (state + 0x6d_2b_79_f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number) => Math.floor(next() * limit)
  return {
    below,
    pick: (from) => from[below(from.length)] ?? from[0],
    shuffled(items) {
      const left = [...items]
      return items.flatMap(() => left.splice(below(left.length), 1))
    },
    chance: (probability) => next() < probability,
  }
}
