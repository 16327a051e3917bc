import { Envelope } from '@mopl/contracts/events'
import { createBucket } from '@mopl/infrastructure/picture-bucket'
import { createFolder } from '@mopl/infrastructure/picture-storage'
import { batchCheckpoints, contents, outboxEvents } from '@mopl/infrastructure/tables'
import { failureOf, freePort } from '@mopl/infrastructure/testing'
import { startTestBucket } from '@mopl/infrastructure/testing-bucket'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { eq, sql } from 'drizzle-orm'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import type { JobContext } from '../jobs/job.ts'
import { aContext, openTestBatch, type TestBatch } from '../test-data.ts'
import { createClient } from './client.ts'
import { collect } from './collect.ts'
import { CollectEnv } from './settings.ts'
import { aMatch, aMovie, aSeries, type Catalogue, faults, startSportsDb, startTmdb } from './testing-catalogue.ts'
import { theSportsDb } from './the-sports-db.ts'
import { tmdb } from './tmdb.ts'

let batch: TestBatch
let server: Catalogue | undefined
const mediaDir = mkdtempSync(join(tmpdir(), 'mopl-collect-'))
beforeAll(async () => void (batch = await openTestBatch()))
afterAll(async () => {
  await batch.close()
  rmSync(mediaDir, { recursive: true })
})
afterEach(async () => {
  await server?.close()
  await batch.db.execute(sql`truncate contents, tags, outbox_events, batch_checkpoints cascade`)
})

const key = 'secret-key'

async function run(job: 'collect-tmdb' | 'collect-sports', changes: Partial<JobContext> = {}) {
  const context = aContext(batch, { pictures: createFolder(mediaDir), ...changes })
  const options = { intervalMs: 0, signal: context.signal, timeoutMs: 500, wait: async () => undefined }
  const clients = {
    api: createClient({ name: 'Catalogue', ...options }),
    posters: createClient({ name: 'Pictures', ...options }),
  }
  const url = server?.url ?? ''
  const settings = v.parse(CollectEnv, {
    TMDB_URL: `${url}/3`,
    TMDB_IMAGE_URL: `${url}/t/p/w500`,
    TMDB_PAGES: '4',
    THESPORTSDB_KEY: key,
    THESPORTSDB_URL: `${url}/api/v1/json`,
    THESPORTSDB_LEAGUES: '4328,4689',
  })
  const source = job === 'collect-tmdb' ? tmdb(settings, clients) : theSportsDb(settings, clients, context.now)
  const failure = await failureOf(collect(context, job, source))
  return { counts: context.tally.counts, failure }
}

const stored = () => batch.db.select().from(contents).orderBy(contents.externalId)
const titles = async () => (await stored()).map((row) => row.title)
const tagsOf = async (externalId: string) => {
  const { rows } = await batch.db.execute<{ name: string }>(sql`
    select name from tags join content_tags on tag_id = tags.id join contents on contents.id = content_id
    where external_id = ${externalId} order by position`)
  return rows.map((row) => row.name)
}
const events = async () =>
  (await batch.db.select().from(outboxEvents).orderBy(outboxEvents.position)).map((row) => row.type)

describe('collecting from TMDB', () => {
  test('movies and series come in with title, overview, genres, and poster, and are told of', async () => {
    server = startTmdb({ movie: [[aMovie(603)]], tv: [[aSeries(603)]] })
    const { counts, failure } = await run('collect-tmdb')
    expect(failure).toBeUndefined()
    expect(counts).toMatchObject({ 'added-contents': 2, 'changed-contents': 0, 'stored-posters': 2 })
    const [movie, series] = (await stored()).toSorted((a, b) => a.type.localeCompare(b.type))
    expect([movie?.type, series?.type]).toEqual(['movie', 'tvSeries'])
    expect(movie).toMatchObject({ externalId: 'tmdb:603', title: '영화 603', description: aMovie(603).overview })
    expect(series).toMatchObject({ externalId: 'tmdb:603', title: '시리즈 603' })
    expect(existsSync(join(mediaDir, String(movie?.thumbnailKey)))).toBe(true)
    expect(await events()).toEqual(['content.created', 'content.created'])
    const [event] = await batch.db.select().from(outboxEvents)
    expect(v.parse(Envelope, event?.payload).requestId).toStartWith('collect-tmdb-')
  })

  test('tags are the genres in Korean, in their order', async () => {
    server = startTmdb({ movie: [[aMovie(1)]], tv: [] })
    await run('collect-tmdb')
    expect(await tagsOf('tmdb:1')).toEqual(['코미디', '드라마'])
  })

  test('pages are read up to the last there is, and asked for in Korean', async () => {
    server = startTmdb({ movie: [[aMovie(1)], [aMovie(2)], [aMovie(3)]], tv: [[]] })
    await run('collect-tmdb')
    expect(await titles()).toEqual(['영화 1', '영화 2', '영화 3'])
    const discoveries = server.requests.filter((request) => request.includes('/discover/'))
    expect(discoveries).toHaveLength(4)
    expect(discoveries.every((request) => request.includes('language=ko-KR'))).toBe(true)
  })

  test('again, nothing is written and nobody is told; what changed there changes here', async () => {
    const movie = aMovie(1)
    server = startTmdb({ movie: [[movie, aMovie(2)]], tv: [] })
    await run('collect-tmdb')
    const before = await stored()
    expect((await run('collect-tmdb')).counts).toMatchObject({ 'added-contents': 0, 'changed-contents': 0 })
    expect(await stored()).toEqual(before)

    Object.assign(movie, { title: '새 제목', genre_ids: [18] })
    expect((await run('collect-tmdb')).counts).toMatchObject({ 'added-contents': 0, 'changed-contents': 1 })
    expect(await titles()).toEqual(['새 제목', '영화 2'])
    expect(await tagsOf('tmdb:1')).toEqual(['드라마'])
    expect(await events()).toEqual(['content.created', 'content.created', 'content.updated'])
  })

  test('a picture that somebody chose stays; a poster is downloaded once', async () => {
    server = startTmdb({ movie: [[aMovie(1)]], tv: [] })
    await run('collect-tmdb')
    await batch.db.update(contents).set({ thumbnailKey: 'ab/chosen.webp' })
    expect((await run('collect-tmdb')).counts).toMatchObject({ 'changed-contents': 0, 'stored-posters': 0 })
    expect((await stored())[0]?.thumbnailKey).toBe('ab/chosen.webp')
    expect(server.requests.filter((request) => request.startsWith('/t/p/'))).toHaveLength(1)
  })

  test('an item said twice, on one page or on two, is one content', async () => {
    server = startTmdb({ movie: [[aMovie(1), aMovie(1, { title: '다시' })], [aMovie(1, { title: '다시' })]], tv: [] })
    const { counts } = await run('collect-tmdb')
    expect(counts).toMatchObject({ 'added-contents': 1, 'changed-contents': 0 })
    expect(await titles()).toEqual(['다시'])
  })

  test('an item that is none is left out and counted; the rest of its page comes in', async () => {
    const nameless = aMovie(2, { title: ' ' })
    server = startTmdb({ movie: [[{ id: 'x' }, null, nameless, aMovie(3)]], tv: [] })
    expect((await run('collect-tmdb')).counts).toMatchObject({ 'unusable-items': 3, 'added-contents': 1 })
  })

  test('texts are cut to the limits of the contract, whatever they are made of', async () => {
    const hostile = aMovie(1, {
      title: `\0${'가'.repeat(300)}`,
      overview: `${'🎬'.repeat(5_000)}\ud800`,
      genre_ids: null,
    })
    server = startTmdb({ movie: [[hostile]], tv: [] })
    expect((await run('collect-tmdb')).failure).toBeUndefined()
    const [row] = await stored()
    expect(row?.title).toBe('가'.repeat(255))
    expect(Array.from(row?.description ?? '')).toHaveLength(4_000)
  })

  test('a poster that cannot be had is tried again by the next run', async () => {
    server = startTmdb({ movie: [[aMovie(1), aMovie(2, { poster_path: null })]], tv: [] })
    server.fail('/t/p/w500/poster-1', faults.status(404))
    expect((await run('collect-tmdb')).counts).toMatchObject({ 'missing-posters': 1, 'added-contents': 2 })
    server.fail('/t/p/w500/poster-1', () => new Response('<html>sorry</html>'))
    expect((await run('collect-tmdb')).counts).toMatchObject({ 'missing-posters': 1 })
    expect((await run('collect-tmdb')).counts).toMatchObject({ 'missing-posters': 0, 'stored-posters': 1 })
    expect((await stored()).map((row) => row.thumbnailKey !== null)).toEqual([true, false])
  })

  test('posters go into the bucket where there is one; one that is away ends the run, and the next goes on', async () => {
    server = startTmdb({ movie: [[aMovie(1)]], tv: [] })
    const away = createBucket(`http://a:b@127.0.0.1:${await freePort()}/pictures`)
    expect(String((await run('collect-tmdb', { pictures: away })).failure)).toContain('UNAVAILABLE')
    expect(await stored()).toEqual([])

    const s3 = await startTestBucket()
    const pictures = createBucket(s3.url)
    expect((await run('collect-tmdb', { pictures })).counts).toMatchObject({ 'stored-posters': 1 })
    const [movie] = await stored()
    expect(movie?.thumbnailKey).toMatch(/^[0-9a-f]{2}\/[0-9a-f-]{36}\.png$/)
    expect(await pictures.read(String(movie?.thumbnailKey))).toBeDefined()
    expect(existsSync(join(mediaDir, String(movie?.thumbnailKey)))).toBe(false)
    await s3.close()
  })

  test('a dry run counts what would come, and changes nothing', async () => {
    server = startTmdb({ movie: [[aMovie(1)]], tv: [] })
    const files = readdirSync(mediaDir, { recursive: true }).length
    expect((await run('collect-tmdb', { dryRun: true })).counts).toMatchObject({ 'added-contents': 1 })
    expect(await stored()).toEqual([])
    expect(await events()).toEqual([])
    expect(await batch.db.$count(batchCheckpoints)).toBe(0)
    expect(readdirSync(mediaDir, { recursive: true })).toHaveLength(files)
  })
})

describe('on a bad day', () => {
  const pages = { movie: [[aMovie(1)], [aMovie(2)], [aMovie(3)]], tv: [[aSeries(4)]] }
  const always = (fault: () => Response | Promise<Response>, times = 5) => Array.from({ length: times }, () => fault)

  test.each([
    ['429', faults.status(429, { 'retry-after': '1' })],
    ['500', faults.status(500)],
    ['silence', faults.silence],
    ['truncated JSON', faults.truncatedJson],
  ])('%s now and then costs time only', async (_, fault) => {
    server = startTmdb(pages)
    server.fail('page=2', fault, fault)
    server.fail('/genre/movie', fault)
    const { counts, failure } = await run('collect-tmdb')
    expect(failure).toBeUndefined()
    expect(counts).toMatchObject({ 'added-contents': 4, 'skipped-pages': 0 })
  })

  test.each([
    ['cannot be read', faults.truncatedJson, 5],
    ['is something else', faults.otherJson, 1],
  ])('a page that %s is left out, counted, and read the next time', async (_, fault, times) => {
    server = startTmdb(pages)
    server.fail(
      'discover/movie?language=ko-KR&include_adult=false&sort_by=popularity.desc&page=2',
      ...always(fault, times),
    )
    expect((await run('collect-tmdb')).counts).toMatchObject({ 'added-contents': 3, 'skipped-pages': 1 })
    expect((await run('collect-tmdb')).counts).toMatchObject({ 'added-contents': 1, 'skipped-pages': 0 })
  })

  test('a source that is away for good ends the run with its name; the next one goes on where this one came to', async () => {
    server = startTmdb(pages)
    server.fail('page=2', ...always(faults.status(500)))
    server.fail('page=3', ...always(faults.status(500)))
    server.fail('page=4', ...always(faults.status(500)))
    server.fail('/tv', ...always(faults.status(500), 99))
    const { failure } = await run('collect-tmdb')
    expect(String(failure)).toContain('Catalogue answered 500')
    expect(await batch.db.select({ at: batchCheckpoints.position }).from(batchCheckpoints)).toEqual([{ at: 'movie/1' }])
  })

  test('a wrong key is no reason to go on asking', async () => {
    server = startTmdb(pages)
    server.fail('', faults.status(401))
    expect(String((await run('collect-tmdb')).failure)).toContain('Catalogue answered 401')
    expect(server.requests).toHaveLength(1)
  })

  test('a run that was stopped is finished by the next one, which reads no page again', async () => {
    server = startTmdb(pages)
    const stop = new AbortController()
    server.fail('poster-2', () => {
      stop.abort()
      return new Response('late')
    })
    await run('collect-tmdb', { signal: stop.signal })
    expect(await titles()).toEqual(['영화 1'])
    server.requests.splice(0)
    await run('collect-tmdb')
    expect(await titles()).toEqual(['영화 1', '영화 2', '영화 3', '시리즈 4'])
    expect(server.requests.filter((request) => /discover\/movie.*page=1$/.test(request))).toEqual([])
    expect(await batch.db.$count(batchCheckpoints)).toBe(0)
  })
})

describe('collecting from TheSportsDB', () => {
  const now = new Date('2026-03-01T12:00:00Z')

  test('the matches of each league from yesterday to a week ahead come in as sport', async () => {
    server = startSportsDb(key, {
      '2026-02-28/4328': [aMatch('1', { strEvent: 'Arsenal vs Chelsea', strDescriptionEN: 'London derby' })],
      '2026-03-01/4689': [aMatch('2', { strPoster: null, strThumb: null })],
      '2026-03-08/4328': [aMatch('3')],
      '2026-03-09/4328': [aMatch('4')],
    })
    const { counts, failure } = await run('collect-sports', { now })
    expect(failure).toBeUndefined()
    expect(counts).toMatchObject({ pages: 18, 'added-contents': 3, 'stored-posters': 0 })
    const [first, second] = await stored()
    expect(first).toMatchObject({ type: 'sport', title: 'Arsenal vs Chelsea', description: 'London derby' })
    expect(second?.description).toBe('South Korean K League 1 · 2026 · 2026-03-01 · Ulsan Munsu Football Stadium')
    expect(await tagsOf('thesportsdb:2')).toEqual(['Soccer', 'South Korean K League 1'])
  })

  test('a poster is preferred to a still, and an address that is none is not followed', async () => {
    const matches: Record<string, unknown[]> = {}
    server = startSportsDb(key, matches)
    const [strPoster, strThumb] = [`${server.url}/media/poster.jpg`, `${server.url}/media/still.jpg`]
    matches['2026-03-01/4328'] = [aMatch('1', { strPoster, strThumb }), aMatch('2', { strPoster: '', strThumb })]
    matches['2026-03-02/4328'] = [aMatch('3', { strPoster: 'file:///etc/hostname' })]
    expect((await run('collect-sports', { now })).counts).toMatchObject({ 'stored-posters': 2, 'missing-posters': 0 })
    const asked = server.requests.filter((request) => request.startsWith('/media/'))
    expect(asked).toEqual(['/media/poster.jpg', '/media/still.jpg'])
  })
})

test('one content of a type and a number is one row, also where two runs meet', async () => {
  server = startTmdb({ movie: [[aMovie(1), aMovie(2)]], tv: [] })
  await Promise.all([run('collect-tmdb'), run('collect-tmdb')])
  expect(await batch.db.$count(contents, eq(contents.type, 'movie'))).toBe(2)
  expect((await events()).filter((type) => type === 'content.created')).toHaveLength(2)
})
