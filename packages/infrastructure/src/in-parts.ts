/** Works on so many at a time, and on the next ones when all of those are done: a long list must not swamp whoever it asks. */
export async function inParts<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  for (let start = 0; start < items.length; start += atOnce)
    await Promise.all(items.slice(start, start + atOnce).map(work))
}
