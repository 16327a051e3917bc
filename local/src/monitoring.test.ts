/** Rules and dashboards agree with what the apps measure, and each alert with the runbook. */
import { beforeAll, describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './bundles.ts'
import { dashboards, rendered } from './dashboards/index.ts'

type Rule = { alert: string; expr: string; annotations: { runbook_url: string } }
type Rules = { groups: { rules: Rule[] }[] }

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const rules = (Bun.YAML.parse(read('prometheus/rules.yml')) as Rules).groups.flatMap((group) => group.rules)
const rulesTests = ['prometheus/rules.test.yml', 'prometheus/rules-over-days.test.yml']

/** The names in the apps' vocabularies. */
function measured(): string[] {
  const files = [...new Bun.Glob('apps/*/src/{metrics,*-metrics}.ts').scanSync({ cwd: root })]
  return files.flatMap((file) => read(file).match(/(?<=')mopl_\w+(?=')/g) ?? [])
}

describe('promtool', () => {
  beforeAll(() => {
    if (Bun.which('promtool') === null) throw new Error('promtool is missing: install the package prometheus')
  })

  test.each([
    ['the configuration', ['check', 'config', 'prometheus/prometheus.yml']],
    ['the rules', ['check', 'rules', '--lint-fatal', 'prometheus/rules.yml']],
    ['the tests of the rules', ['test', 'rules', ...rulesTests]],
  ])('accepts %s', async (_, args) => {
    const promtool = Bun.spawn(['promtool', ...args], { cwd: root, stdout: 'pipe', stderr: 'pipe' })
    const [output, errors, code] = await Promise.all([promtool.stdout.text(), promtool.stderr.text(), promtool.exited])
    expect({ code, said: code === 0 ? '' : output + errors }).toEqual({ code: 0, said: '' })
  })
})

test('every metric that a rule or a panel asks for is measured by some app', () => {
  const panels = Object.values(dashboards).flatMap(({ rows }) => rows.flatMap((row) => row.panels))
  const exprs = [...rules.map((rule) => rule.expr), ...panels.flatMap((panel) => Object.values(panel.queries))]
  const asked = exprs.flatMap((expr) => expr.match(/mopl_\w+/g) ?? [])
  expect(asked.length).toBeGreaterThan(20)
  const known = new Set(measured())
  const unknown = asked.filter((name) => !known.has(name) && !known.has(name.replace(/_(bucket|sum|count)$/, '')))
  expect(unknown).toEqual([])
})

test('what an app measures is on a dashboard', () => {
  const shown = JSON.stringify(dashboards)
  expect(measured().filter((name) => !shown.includes(name))).toEqual([])
})

test('the dashboards in grafana/ are those of their sources; `bun run grafana:build` writes them', () => {
  const files = readdirSync(join(root, 'grafana/dashboards'))
  expect(files.toSorted()).toEqual(
    Object.keys(dashboards)
      .map((name) => `${name}.json`)
      .toSorted(),
  )
  for (const [name, dashboard] of Object.entries(dashboards))
    expect(read(`grafana/dashboards/${name}.json`)).toBe(rendered(dashboard))
})

test('every alert leads to a paragraph of the runbook, and every rule is tested', () => {
  const headings = read('docs/runbook.md').match(/(?<=^## ).+$/gm) ?? []
  const tests = rulesTests.map(read).join('')
  for (const { alert, annotations } of rules) {
    expect(annotations.runbook_url).toBe(`docs/runbook.md#${alert.toLowerCase()}`)
    expect(headings).toContain(alert)
    expect(tests).toContain(`alertname: ${alert}\n        exp_alerts:\n`)
  }
})
