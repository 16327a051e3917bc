/** Waiting for a thing instead of for a time. */

/**
 * Asks until the answer is neither `undefined` nor `false`, and returns it.
 *
 * @throws {Error} naming `what` after `timeoutMs`, with the last error of `ask` as its cause
 */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 10_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  let cause: unknown
  while (performance.now() < deadline) {
    try {
      const answer = await ask()
      if (answer !== undefined && answer !== false) return answer
      cause = undefined
    } catch (error) {
      cause = error
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`not within ${timeoutMs} ms: ${what}`, { cause })
}
