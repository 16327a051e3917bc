import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { CoverageReport } from 'monocart-coverage-reports'
import { root } from './bundles.ts'

/** File (relative to the checkout) -> line number -> how often it ran. */
export type Coverage = Map<string, Map<number, number>>

export type CoverageSources = {
  /** What `bun test` wrote about the code it ran itself. */
  bunLcov: string
  /** `NODE_V8_COVERAGE` of the Node processes that the tests started. */
  v8Dir: string
}

/**
 * Line coverage of `apps/` and `packages/` over both runtimes: a line counts when either ran it. Files that nobody
 * loaded count as not covered. Processes that a test kills leave no record, and Bun records none for its children.
 */
export async function measureCoverage({ bunLcov, v8Dir }: CoverageSources): Promise<Coverage> {
  const coverage: Coverage = new Map()
  if (existsSync(bunLcov)) addLcov(coverage, readFileSync(bunLcov, 'utf8'))
  if (existsSync(v8Dir)) addLcov(coverage, await lcovOfNode(v8Dir))
  const measured: Coverage = new Map()
  for await (const path of new Bun.Glob('{apps,packages}/*/src/**/*.ts').scan(root)) {
    const lines = isTest(path) ? new Map() : (coverage.get(path) ?? uncovered(path))
    if (lines.size > 0) measured.set(path, lines)
  }
  return new Map([...measured].toSorted(([a], [b]) => a.localeCompare(b)))
}

/** A line per file and one for the whole, and the whole in percent. */
export function coverageTable(coverage: Coverage): { table: string; percent: number } {
  const rows = [...coverage].map(([path, lines]) => measure(path, lines))
  const total = {
    path: 'all files',
    covered: sum(rows.map((row) => row.covered)),
    lines: sum(rows.map((row) => row.lines)),
  }
  const width = Math.max(...rows.map(({ path }) => path.length), total.path.length)
  const render = ({ path, covered, lines }: typeof total) =>
    `${path.padEnd(width)} ${percentOf(covered, lines).toFixed(1).padStart(6)} % ${`${covered}/${lines}`.padStart(11)}`
  return { table: [...rows, total].map(render).join('\n'), percent: percentOf(total.covered, total.lines) }
}

/** Adds the hits of an lcov report (geninfo(1): SF, DA, end_of_record) to what is known already. */
export function addLcov(coverage: Coverage, lcov: string): void {
  let lines = new Map<number, number>()
  for (const record of lcov.split('\n')) {
    if (record.startsWith('SF:')) {
      const path = record.slice(3).replace(`${root}/`, '')
      lines = coverage.get(path) ?? new Map()
      coverage.set(path, lines)
    } else if (record.startsWith('DA:')) {
      const [line = 0, hits = 0] = record.slice(3).split(',').map(Number)
      lines.set(line, (lines.get(line) ?? 0) + hits)
    }
  }
}

/** Translates V8's byte ranges of the bundles to lines of the sources, by their source maps. */
async function lcovOfNode(v8Dir: string): Promise<string> {
  const outputDir = join(v8Dir, 'report')
  const report = new CoverageReport({
    outputDir,
    logging: 'error',
    reports: [['lcovonly', { file: 'lcov.info' }]],
    entryFilter: ({ url }) => url.startsWith(`file://${root}/`) && /\/dist\/[^/]+\.js$/.test(url),
    sourceFilter: (path) => !path.includes('node_modules'),
  })
  await report.addFromDir(v8Dir)
  await report.generate()
  const lcov = join(outputDir, 'lcov.info')
  const text = existsSync(lcov) ? readFileSync(lcov, 'utf8') : ''
  rmSync(outputDir, { recursive: true, force: true })
  return text
}

/** As many lines as the code has once types and comments are gone: none for a file of types. */
function uncovered(path: string): Map<number, number> {
  const code = new Bun.Transpiler({ loader: 'ts' }).transformSync(readFileSync(join(root, path), 'utf8'))
  const lines = code.split('\n').filter((line) => /\w/.test(line))
  return new Map(lines.map((_, index) => [index + 1, 0]))
}

function isTest(path: string): boolean {
  return /\.test\.ts$|\/testing[^/]*(\/|\.ts$)/.test(path)
}

function measure(path: string, lines: Map<number, number>): { path: string; covered: number; lines: number } {
  return { path, covered: [...lines.values()].filter((hits) => hits > 0).length, lines: lines.size }
}

function percentOf(part: number, whole: number): number {
  return whole === 0 ? 0 : (100 * part) / whole
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
