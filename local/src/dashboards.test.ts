/** The whole system with people in it, scraped by a real Prometheus: every panel has something to show, and no alert fires. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from '@mopl/infrastructure/eventually'
import { createTestDatabase, type TestDatabase, testEnv } from '@mopl/infrastructure/testing'
import { root } from './bundles.ts'
import { dashboards } from './dashboards/index.ts'
import { runProcess } from './processes.ts'
import { readLocalSecrets } from './secrets.ts'
import { startSystem, type System } from './system.ts'
import { type Prometheus, startPrometheus } from './testing-prometheus.ts'
import { tour } from './tour/tour.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'mopl-dashboards-'))
const secrets = readLocalSecrets()
let database: TestDatabase
let system: System
let prometheus: Prometheus

beforeAll(async () => {
  database = await createTestDatabase()
  system = await startSystem({
    dataDir,
    secrets,
    external: { databaseUrl: database.url, redisUrl: testEnv('REDIS_URL'), kafkaBrokers: testEnv('KAFKA_BROKERS') },
    kafkaPrefix: `dashboards-${randomUUID()}-`,
  })
  prometheus = await startPrometheus(targetsOf(system))
  await tour({
    baseUrl: system.url,
    admin: { email: secrets.ADMIN_EMAIL, password: secrets.ADMIN_PASSWORD },
    print: () => undefined,
  })
  for (const job of ['cleanup', 'recount']) await runJob(job)
}, 120_000)

afterAll(async () => {
  await prometheus.close()
  await system.stop()
  await database.close()
  rmSync(dataDir, { recursive: true })
})

function targetsOf({ appUrls }: System): Record<string, string[]> {
  const targets: Record<string, string[]> = {}
  for (const [name, url] of appUrls) (targets[name.replace(/-\d$/, '')] ??= []).push(new URL(url).host)
  return targets
}

function runJob(job: string): Promise<void> {
  const { databaseUrl, redisUrl, mediaDir } = system
  return runProcess({
    name: `batch-${job}`,
    command: [process.execPath, '--no-env-file', join(root, 'apps/batch/src/run.ts'), job],
    env: { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, MEDIA_DIR: mediaDir },
    logDir: join(dataDir, 'log'),
  })
}

const queries = Object.entries(dashboards).flatMap(([name, { rows }]) =>
  rows.flatMap(({ panels }) =>
    panels.flatMap(({ title, queries }) =>
      Object.entries(queries).map(([legend, expr]) => [`${name}: ${title} (${legend})`, expr] as const),
    ),
  ),
)

test.each(queries)('%s has data', async (what, expr) => {
  const answer = await eventually(what, async () => {
    const values = await prometheus.query(expr.replaceAll('$__rate_interval', '5m'))
    return values.length > 0 && values
  })
  expect(answer.every((value) => value >= 0)).toBe(true)
})

test('an instance keeps the labels of its own metrics and of its job', async () => {
  const series = 'mopl_batch_runs_total{job="batch", app="batch", batch_job="cleanup", outcome="failed"}'
  expect(await prometheus.query(series)).toEqual([0])
})

test('every rule is evaluated without an error, and none fires', async () => {
  const { data } = (await prometheus.get('rules')) as {
    data: { groups: { rules: { name: string; health: string; state: string }[] }[] }
  }
  const states = data.groups.flatMap((group) => group.rules)
  expect(states.length).toBeGreaterThan(5)
  expect(states.filter((rule) => rule.health !== 'ok' || rule.state === 'firing')).toEqual([])
})
