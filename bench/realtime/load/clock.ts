/**
 * One clock for all processes of the bench: microseconds of the system's time. Bun's monotonic clock begins at zero in
 * every process, so each process finds out where its own stands at the moment `Date.now()` ticks over.
 */
let origin = findOrigin()

export function nowMicros(): number {
  return origin + performance.now() * 1_000
}

/** Looks again, so that what the clocks drifted apart over minutes is not measured as latency. Takes up to a millisecond. */
export function synchroniseClock(): void {
  origin = findOrigin()
}

function findOrigin(): number {
  const before = Date.now()
  let now = before
  while (now === before) now = Date.now()
  return (now - performance.now()) * 1_000
}
