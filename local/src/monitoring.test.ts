/** Rules and dashboards agree with what the apps measure, and each alert with the runbook. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestDatabase, startApp, testEnv, type TestApp, type TestDatabase } from '@mopl/infrastructure/testing'
import { root } from './bundles.ts'
import { freePort } from './ports.ts'
import { startProcess, type RunningProcess } from './processes.ts'

type Rule = { alert: string; expr: string; annotations: { runbook_url: string } }
type Rules = { groups: { rules: Rule[] }[] }
type Dashboard = { panels: { title: string; targets?: { expr: string }[] }[] }

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const rules = (Bun.YAML.parse(read('prometheus/rules.yml')) as Rules).groups.flatMap((group) => group.rules)
const dashboards = readdirSync(join(root, 'grafana/dashboards')).map(
  (file) => JSON.parse(read(`grafana/dashboards/${file}`)) as Dashboard,
)
const apps = ['api', 'socket', 'worker', 'batch'] as const

describe('promtool', () => {
  beforeAll(() => {
    if (Bun.which('promtool') === null) throw new Error('promtool is missing: install the package prometheus')
  })

  test.each([
    ['the configuration', ['check', 'config', 'prometheus/prometheus.yml']],
    ['the rules', ['check', 'rules', '--lint-fatal', 'prometheus/rules.yml']],
    ['the tests of the rules', ['test', 'rules', 'prometheus/rules.test.yml']],
  ])('accepts %s', async (_, args) => {
    const promtool = Bun.spawn(['promtool', ...args], { cwd: root, stdout: 'pipe', stderr: 'pipe' })
    const [output, errors, code] = await Promise.all([promtool.stdout.text(), promtool.stderr.text(), promtool.exited])
    expect({ code, said: code === 0 ? '' : output + errors }).toEqual({ code: 0, said: '' })
  })
})

test('every metric that a rule or a panel asks for is measured by some app', () => {
  const vocabularies = [...new Bun.Glob('apps/*/src/{metrics,*-metrics}.ts').scanSync({ cwd: root })]
  const measured = new Set(vocabularies.flatMap((file) => read(file).match(/(?<=')mopl_\w+(?=')/g) ?? []))
  const panels = dashboards.flatMap((dashboard) => dashboard.panels.flatMap((panel) => panel.targets ?? []))
  const asked = [...rules, ...panels].flatMap(({ expr }) => expr.match(/mopl_\w+/g) ?? [])
  expect(asked.length).toBeGreaterThan(20)
  const unknown = asked.filter((name) => !measured.has(name) && !measured.has(name.replace(/_(bucket|sum|count)$/, '')))
  expect(unknown).toEqual([])
})

test('every alert leads to a paragraph of the runbook, and every rule is tested', () => {
  const headings = read('docs/runbook.md').match(/(?<=^## ).+$/gm) ?? []
  const tests = read('prometheus/rules.test.yml')
  for (const { alert, annotations } of rules) {
    expect(annotations.runbook_url).toBe(`docs/runbook.md#${alert.toLowerCase()}`)
    expect(headings).toContain(alert)
    expect(tests).toContain(`alertname: ${alert}\n        exp_alerts:\n`)
  }
})

describe('a real Prometheus with our configuration', () => {
  let directory: string
  let database: TestDatabase
  let app: TestApp
  let prometheus: RunningProcess
  let url: string

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'mopl-prometheus-'))
    database = await createTestDatabase()
    const env = { DATABASE_URL: database.url, REDIS_URL: testEnv('REDIS_URL'), MEDIA_DIR: directory }
    app = await startApp('batch', env)
    cpSync(join(root, 'prometheus'), directory, { recursive: true })
    for (const name of apps) writeFileSync(join(directory, `targets/${name}.json`), '[]')
    const targets = [{ targets: [new URL(app.url).host] }]
    writeFileSync(join(directory, 'targets/batch.json'), JSON.stringify(targets))
    // The shipped interval is for years of operation, not for a test.
    const config = join(directory, 'prometheus.yml')
    writeFileSync(
      config,
      readFileSync(config, 'utf8').replaceAll(': 15s', ': 1s').replace('timeout: 5s', 'timeout: 1s'),
    )
    mkdirSync(join(directory, 'data'))
    url = `http://127.0.0.1:${await freePort()}`
    prometheus = await startProcess({
      name: 'prometheus',
      command: [
        'prometheus',
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(directory, 'data')}`,
        `--web.listen-address=${new URL(url).host}`,
      ],
      logDir: join(directory, 'log'),
      isReady: async () => (await query('up{job="batch"}')).includes('1'),
    })
  }, 60_000)
  afterAll(async () => {
    await prometheus.stop()
    await app.close()
    await database.close()
    rmSync(directory, { recursive: true })
  })

  async function query(expr: string): Promise<string[]> {
    const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expr)}`)
    const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } }
    return data.result.map((sample) => sample.value[1])
  }

  test('scrapes an app where targets/ says it is, and keeps its labels', async () => {
    expect(
      await query('mopl_batch_runs_total{job="batch", app="batch", batch_job="cleanup", outcome="failed"}'),
    ).toEqual(['0'])
  })

  test('evaluates every rule without an error, and none fires on a quiet system', async () => {
    const response = await fetch(`${url}/api/v1/rules`)
    const { data } = (await response.json()) as {
      data: { groups: { rules: { name: string; health: string; state: string }[] }[] }
    }
    const states = data.groups.flatMap((group) => group.rules)
    expect(states.map((rule) => rule.name)).toEqual(rules.map((rule) => rule.alert))
    expect(states.filter((rule) => rule.health === 'err' || rule.state === 'firing')).toEqual([])
  })

  test('understands the query of every panel', async () => {
    const exprs = dashboards
      .flatMap((dashboard) => dashboard.panels.flatMap((panel) => panel.targets ?? []))
      .map(({ expr }) => expr)
    for (const expr of exprs) await query(expr.replaceAll('$__rate_interval', '1m'))
  })
})
