import { expect, test } from 'bun:test'
import { addLcov, coverageTable, type Coverage } from './coverage.ts'
import { countTests, summaryLine } from './summary.ts'

test('a line counts as covered when either runtime ran it', () => {
  const coverage: Coverage = new Map()
  addLcov(coverage, 'TN:\nSF:apps/worker/src/relay.ts\nDA:1,1\nDA:2,0\nDA:3,0\nend_of_record\n')
  addLcov(
    coverage,
    'SF:apps/worker/src/relay.ts\nDA:2,7\nDA:3,0\nend_of_record\nSF:apps/api/src/app.ts\nDA:1,1\nend_of_record\n',
  )
  const { table, percent } = coverageTable(coverage)
  expect(percent).toBe(75)
  expect(table.split('\n').map((line) => line.replace(/ +/g, ' '))).toEqual([
    'apps/worker/src/relay.ts 66.7 % 2/3',
    'apps/api/src/app.ts 100.0 % 1/1',
    'all files 75.0 % 3/4',
  ])
})

test('the summary counts what ran, and names skipped tests only when there are any', () => {
  const junit =
    '<?xml version="1.0"?>\n<testsuites name="bun test" tests="9" assertions="20" failures="2" skipped="1" time="1.5">\n<testsuite tests="1" />'
  expect(summaryLine(countTests(junit))).toBe('6 passed, 2 failed, 1 skipped')
  expect(summaryLine(countTests(junit.replace('skipped="1"', 'skipped="0"')))).toBe('7 passed, 2 failed')
})

test('a run without a report executed nothing', () => {
  expect(countTests('')).toEqual({ passed: 0, failed: 0, skipped: 0 })
})
