/**
 * `even`: like a clock. `random`: as many people write who know nothing of each other (a Poisson process), with the same
 * random numbers in every run, so that all servers get the same lines at the same moments.
 */
export type Spacing = 'even' | 'random'

/** When each of `lines` lines is due, in microseconds after the beginning. */
export function* schedule(lines: number, linesPerSecond: number, spacing: Spacing): Generator<number> {
  const random = mulberry32(20_260_101)
  let dueMicros = 0
  for (let line = 0; line < lines; line++) {
    yield dueMicros
    dueMicros += (spacing === 'even' ? 1 : -Math.log(1 - random())) * (1_000_000 / linesPerSecond)
  }
}

/** Tommy Ettinger's Mulberry32: numbers from 0 to below 1, the same for the same seed. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
