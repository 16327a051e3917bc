/** Counts of a test run. */
export type Counts = { passed: number; failed: number; skipped: number }

/** Reads the counts from a JUnit report of `bun test`; a run that wrote none executed nothing. */
export function countTests(junit: string): Counts {
  const [root = ''] = /<testsuites [^>]*>/.exec(junit) ?? []
  const count = (name: string) => Number(new RegExp(` ${name}="(\\d+)"`).exec(root)?.[1] ?? 0)
  const [failed, skipped] = [count('failures'), count('skipped')]
  return { passed: count('tests') - failed - skipped, failed, skipped }
}

/** The line that people and machines look for at the end. */
export function summaryLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}
