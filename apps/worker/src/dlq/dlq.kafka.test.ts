/** The operator's tool as an operator uses it: a process, its arguments, what it prints and what it leaves. */
import { afterAll, describe, expect, test } from 'bun:test'
import { deadLetterTopic, topics } from '@mopl/contracts/topics'
import { newEvent } from '@mopl/infrastructure/events'
import { newId } from '@mopl/infrastructure/ids'
import { eventually } from '@mopl/infrastructure/testing'
import type { ProbeConsumer } from '@mopl/infrastructure/testing-kafka'
import { sql } from 'drizzle-orm'
import { deadLetterHeaders } from '../dlq.ts'
import { aContent, aReview, createTestSystem, emitted, ratingOf } from '../testing.ts'

const system = await createTestSystem()
const { db, probe } = system
afterAll(() => system.close())

const reviewLetters = deadLetterTopic(topics.review, 'mopl-ratings')
const followLetters = deadLetterTopic(topics.follow, 'mopl-notifications')

function start(...args: string[]) {
  return Bun.spawn(['node', '--enable-source-maps', `${import.meta.dir}/../../dist/dlq/main.js`, ...args], {
    env: { ...process.env, ...system.environment },
    stdout: 'pipe',
    stderr: 'pipe',
  })
}

async function dlq(...args: string[]) {
  const tool = start(...args)
  const [output, errors, code] = await Promise.all([
    new Response(tool.stdout).text(),
    new Response(tool.stderr).text(),
    tool.exited,
  ])
  return { lines: output.split('\n').filter((line) => line !== ''), errors, code }
}

type Listed = { id: string; topic: string; key: string; type: string; error: string; eventId: string }

async function list(...filters: string[]): Promise<Listed[]> {
  return (await dlq('list', '--json', ...filters)).lines.map((line) => JSON.parse(line))
}

/** Dead letters as the worker writes them. */
async function someLetters(count: number, error: string, topic = reviewLetters): Promise<string[]> {
  const eventIds = Array.from({ length: count }, () => newId())
  await probe.produce(
    ...eventIds.map((eventId, index) => ({
      topic,
      key: `k${index % 7}`,
      value: JSON.stringify({ eventId }),
      headers: {
        eventId,
        type: 'review.created',
        [deadLetterHeaders.error]: error,
        [deadLetterHeaders.attempts]: '5',
        [deadLetterHeaders.at]: new Date(Date.now() - 60_000 + index).toISOString(),
      },
    })),
  )
  return eventIds
}

/** A reader of the reviews' topic who has joined already. */
async function aReader(): Promise<ProbeConsumer> {
  const reader = await probe.consume([topics.review])
  const key = newId()
  await probe.produce({ topic: topics.review, key, value: '{}' })
  await eventually('the reader', () => reader.messages.some((message) => message.key === key), 20_000)
  return reader
}

describe('list and show', () => {
  test('filters choose by topic, error and age; each letter is told with what is needed to judge it', async () => {
    const [review = ''] = await someLetters(1, 'boom one')
    const [follow = ''] = await someLetters(1, 'boom two', followLetters)
    const idsOf = async (...filters: string[]) => (await list(...filters)).map(({ eventId }) => eventId)
    expect(await idsOf('--error', 'boom')).toEqual([review, follow])
    expect(await idsOf('--error', 'boom', '--topic', topics.follow)).toEqual([follow])
    expect(await idsOf('--error', 'BOOM ONE', '--older-than', '50s')).toEqual([review])
    expect(await idsOf('--error', 'boom', '--newer-than', '50s')).toEqual([])
    const [letter] = await list('--error', 'boom one')
    expect(letter).toMatchObject({ topic: topics.review, group: 'mopl-ratings', attempts: 5, type: 'review.created' })

    const plain = await dlq('list', '--error', 'boom')
    expect(plain.lines.map((line) => line.split('\t')[5])).toEqual(['boom one', 'boom two'])
    expect(plain.errors).toContain('2 dead letters')

    const shown = await dlq('show', letter?.id ?? '')
    expect(shown.lines.join('\n')).toContain(`"eventId": "${review}"`)
    expect((await dlq('discard', '--error', 'boom')).code).toBe(0)
  })

  test('a letter cannot write control sequences to the terminal', async () => {
    await someLetters(1, 'evil \x1b[2J error')
    const { lines } = await dlq('list', '--error', 'evil')
    expect(lines.join()).toContain(String.raw`evil \u001b[2J error`)
    await dlq('discard', '--error', 'evil')
  })

  test('an id that is not there is a failure, a wrong argument a misunderstanding, Kafka away one sentence', async () => {
    expect(await dlq('show', `${reviewLetters}/0/999999`)).toMatchObject({ code: 1, lines: [] })
    expect((await dlq('redrive')).code).toBe(2)
    const away = Bun.spawnSync(['node', `${import.meta.dir}/../../dist/dlq/main.js`, 'list'], {
      env: { ...process.env, ...system.environment, KAFKA_BROKERS: '127.0.0.1:1' },
    })
    expect([away.exitCode, away.stderr.toString()]).toEqual([1, 'Kafka (KAFKA_BROKERS) does not answer\n'])
  }, 40_000)
})

test('redrive puts letters back with key, event id and value, without exception headers, and settles them', async () => {
  const reader = await aReader()
  const eventIds = await someLetters(3, 'redrive me')
  const others = await someLetters(1, 'leave me')

  const rehearsal = await dlq('redrive', '--error', 'redrive me', '--dry-run', '--json')
  expect(rehearsal.lines.map((line) => JSON.parse(line))).toEqual([
    { verb: 'redrive', outcome: 'dry run', matched: 3, settled: 0 },
  ])
  expect(await list('--error', 'redrive me')).toHaveLength(3)

  const done = await dlq('redrive', '--error', 'redrive me')
  expect(done).toMatchObject({ code: 0, lines: ['redrive settled 3 of 3 dead letters'] })
  const back = () => reader.messages.filter(({ headers }) => eventIds.includes(headers['eventId'] ?? ''))
  await eventually('them in the topic', () => back().length === 3)
  for (const [index, eventId] of eventIds.entries())
    expect(back()).toContainEqual(
      expect.objectContaining({
        key: `k${index}`,
        value: JSON.stringify({ eventId }),
        headers: { eventId, type: 'review.created' },
      }),
    )
  expect((await list()).map(({ eventId }) => eventId)).toEqual(others)
  expect((await dlq('redrive', '--error', 'redrive me')).lines).toEqual(['redrive settled 0 of 0 dead letters'])
  await dlq('discard', '--all')
}, 30_000)

test('discard gives letters up and touches nothing else; a dry run gives up nothing', async () => {
  const eventIds = await someLetters(4, 'hopeless')
  const [first, ...others] = await list('--error', 'hopeless')
  expect((await dlq('discard', '--all', '--dry-run')).lines.at(-1)).toContain('would settle 4 dead letters')
  await dlq('discard', first?.id ?? '')
  expect((await list()).map(({ id }) => id)).toEqual(others.map(({ id }) => id))
  await dlq('discard', '--topic', reviewLetters)
  expect(await list()).toEqual([])
  expect(eventIds).toContain(first?.eventId ?? '')
}, 30_000)

test('a redrive keeps to its rate; killed half-way and run again it loses nothing and repeats at most one', async () => {
  const reader = await aReader()
  const eventIds = await someLetters(200, 'half-way')
  const redriven = () =>
    reader.messages.flatMap(({ headers }) => headers['eventId'] ?? []).filter((id) => eventIds.includes(id))
  const startedAt = performance.now()
  const tool = start('redrive', '--error', 'half-way', '--rate', '50')
  await eventually('half of them', () => redriven().length >= 100, 30_000)
  // However late this reader is: a hundred letters cannot be out sooner.
  expect(performance.now() - startedAt).toBeGreaterThan(99 * 20)
  tool.kill('SIGKILL')
  await tool.exited
  const waiting = await list('--error', 'half-way')
  expect(waiting.length).toBeGreaterThan(0)

  expect((await dlq('redrive', '--all', '--rate', '1000')).code).toBe(0)
  await eventually('all of them', () => new Set(redriven()).size === eventIds.length)
  expect(redriven().length).toBeLessThanOrEqual(eventIds.length + 1)
  expect(await list()).toEqual([])
}, 60_000)

test('SIGTERM ends a redrive after the letter in hand, with exit code 1; running it again goes on', async () => {
  const reader = await aReader()
  const eventIds = new Set(await someLetters(50, 'interrupted'))
  const redriven = () => reader.messages.filter(({ headers }) => eventIds.has(headers['eventId'] ?? '')).length
  const tool = start('redrive', '--error', 'interrupted', '--rate', '20', '--json')
  await eventually('the first', () => redriven() > 0, 20_000)
  tool.kill('SIGTERM')
  expect(await tool.exited).toBe(1)
  const { outcome, settled } = JSON.parse(await new Response(tool.stdout).text())
  expect(outcome).toBe('interrupted')
  expect(await list('--error', 'interrupted')).toHaveLength(50 - settled)
  await dlq('redrive', '--all', '--rate', '1000')
  await eventually('all of them', () => redriven() === 50)
}, 60_000)

test('an event that died for a reason since repaired has its effect after a redrive, once', async () => {
  await system.startWorker()
  const contentId = await aContent(db)
  const payload = { reviewId: newId(), contentId, authorId: newId(), rating: 5 }
  await emitted(db, newEvent('review.deleted', contentId, payload, 'r'))
  const [letter] = await eventually(
    'the dead letter',
    async () => {
      const letters = await list('--error', 'ck_contents_')
      return letters.length > 0 && letters
    },
    40_000,
  )
  // The reviews it wants to take one from.
  await db.execute(sql`update contents set rating_sum = 8, review_count = 2 where id = ${contentId}`)
  expect((await dlq('redrive', letter?.id ?? '')).code).toBe(0)
  await eventually('its effect', async () => (await ratingOf(db, contentId)).count === 1)
  await emitted(db, aReview(contentId, 4))
  await eventually('the one behind it', async () => (await ratingOf(db, contentId)).count === 2)
  expect((await ratingOf(db, contentId)).sum).toBe(7)
}, 60_000)
