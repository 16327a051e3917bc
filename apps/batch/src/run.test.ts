import { outboxEvents } from '@mopl/infrastructure/tables'
import { eventually, testEnv } from '@mopl/infrastructure/testing'
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { aMovie, aSeries, startTmdb } from './collect/testing-catalogue.ts'
import { openTestBatch } from './test-data.ts'

let batch: Awaited<ReturnType<typeof openTestBatch>>
beforeAll(async () => void (batch = await openTestBatch()))
afterAll(() => batch.close())

const file = `${import.meta.dir}/run.ts`

function start(args: string[], env: Record<string, string> = {}) {
  return Bun.spawn(['bun', '--no-env-file', file, ...args], {
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: batch.url,
      REDIS_URL: testEnv('REDIS_URL'),
      MEDIA_DIR: '/nonexistent',
      ...env,
    },
    stdout: 'pipe',
    stderr: 'pipe',
  })
}

async function finish(child: ReturnType<typeof start>) {
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  return { out, err, code }
}

const publishLongAgo = (count: number) =>
  batch.db.execute(sql`
    insert into outbox_events (id, aggregatetype, aggregateid, type, payload, published_at)
    select gen_random_uuid(), 'user', i, 'user.registered', '{}', '2020-01-01' from generate_series(1, ${count}::int) as i`)

describe('a single run', () => {
  test('prints what it removed and exits 0; a dry run before it removes nothing', async () => {
    await publishLongAgo(3)
    const rehearsal = await finish(start(['cleanup', '--dry-run', '--json']))
    expect(rehearsal).toMatchObject({ code: 0, err: '' })
    expect(JSON.parse(rehearsal.out)).toMatchObject({ dryRun: true, counts: { 'published-outbox-events': 3 } })
    expect(await batch.db.$count(outboxEvents)).toBe(3)

    const { code, out } = await finish(start(['cleanup']))
    expect(code).toBe(0)
    expect(out).toContain('published-outbox-events 3\n')
    expect(await batch.db.$count(outboxEvents)).toBe(0)
  })

  test('killed half-way, it is finished by running it again', async () => {
    await publishLongAgo(30_000)
    const child = start(['cleanup'])
    await eventually('some rows are gone', async () => (await batch.db.$count(outboxEvents)) < 30_000)
    child.kill('SIGKILL')
    await child.exited
    expect(await batch.db.$count(outboxEvents)).toBeGreaterThan(0)

    // The lock of the killed run is free as soon as PostgreSQL has noticed its end.
    await eventually('it runs again', async () => (await finish(start(['cleanup']))).code === 0)
    expect(await batch.db.$count(outboxEvents)).toBe(0)
  })

  test('interrupted, it stops after the chunk in hand, says how far it came, and exits 1', async () => {
    await publishLongAgo(30_000)
    const child = start(['cleanup', '--json'])
    await eventually('some rows are gone', async () => (await batch.db.$count(outboxEvents)) < 30_000)
    child.kill('SIGTERM')
    const { code, out, err } = await finish(child)
    const left = await batch.db.$count(outboxEvents)
    expect(code).toBe(1)
    expect(err).toContain('run it again to go on')
    expect(JSON.parse(out)).toMatchObject({
      outcome: 'interrupted',
      counts: { 'published-outbox-events': 30_000 - left },
    })
  })

  test('a bad argument is answered with the usage and exit code 2', async () => {
    const { code, out, err } = await finish(start(['cleanup', '--nope']))
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain('usage: bun run batch:<job>')
  })

  test('missing variables are named together in one sentence', async () => {
    const { code, err } = await finish(start(['cleanup'], { DATABASE_URL: '', MEDIA_DIR: '' }))
    expect(code).toBe(1)
    expect(err.trim().split('\n')).toHaveLength(1)
    expect(err).toContain('DATABASE_URL')
    expect(err).toContain('MEDIA_DIR')
  })

  test.each([
    ['DATABASE_URL', 'postgres://x:secret@127.0.0.1:1/x', 'PostgreSQL (DATABASE_URL) does not answer'],
    ['REDIS_URL', 'redis://127.0.0.1:1', 'Redis (REDIS_URL) does not answer'],
  ])(
    '%s leading nowhere is one clear sentence and exit code 1',
    async (name, url, sentence) => {
      const { code, out, err } = await finish(start(['cleanup'], { [name]: url }))
      expect({ code, out }).toEqual({ code: 1, out: '' })
      expect(err.trim().split('\n')).toHaveLength(1)
      expect(err).toContain(sentence)
      expect(err).not.toContain('secret')
    },
    15_000,
  )

  test.each([
    ['collect-tmdb', 'TMDB_ACCESS_TOKEN is not set'],
    ['collect-sports', 'THESPORTSDB_KEY is not set'],
  ])('%s without its key says so and exits 2', async (job, complaint) => {
    const { code, out, err } = await finish(start([job]))
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(complaint)
  })

  test('collect-tmdb reads what its configuration names, and gives its key to nobody else', async () => {
    const server = startTmdb({ movie: [[aMovie(1)]], tv: [[aSeries(2)]] })
    const mediaDir = mkdtempSync(join(tmpdir(), 'mopl-posters-'))
    const env = {
      TMDB_ACCESS_TOKEN: 'the-token',
      TMDB_URL: `${server.url}/3`,
      TMDB_IMAGE_URL: `${server.url}/t/p/w500`,
      MEDIA_DIR: mediaDir,
    }
    const { code, out, err } = await finish(start(['collect-tmdb', '--json'], env))
    rmSync(mediaDir, { recursive: true })
    await server.close()
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(JSON.parse(out)).toMatchObject({ counts: { 'added-contents': 2, 'stored-posters': 2 } })
    const keys = server.requests.map((request, index) => [
      request.startsWith('/t/p/'),
      server.headers[index]?.get('authorization'),
    ])
    expect(new Set(keys.map(String))).toEqual(new Set(['false,Bearer the-token', 'true,']))
  })
})
