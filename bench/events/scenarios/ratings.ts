/** A full topic of reviews into averages. */
import { topics } from '@mopl/contracts/topics'
import { withSql } from '@mopl/local/postgres'
import type { Scenario } from './index.ts'
import { compare } from '../compare.ts'
import type { Report } from '../programs/report.ts'
import { measureProgram, runProgram } from '../programs.ts'
import { measureWorker, startWorker } from '../worker.ts'

const contents = 1_000
/** The mock cluster forgets the oldest of a partition beyond 5 MB. */
const eventsOfMock = 30_000

export const ratings: Scenario = {
  title: 'Ratings: a full topic of reviews into averages, each counted exactly once',
  async run(bench) {
    const { logDir, brokers, rounds } = bench
    const wanted = bench.isQuick ? 20_000 : 200_000
    const events = bench.kafka === 'mock' ? Math.min(wanted, eventsOfMock) : wanted
    const bare: Report[] = []
    const mopl: Report[] = []
    for (let round = 0; round < rounds; round++) {
      const surroundings = await bench.freshSystem()
      await insertContents(surroundings.databaseUrl)
      const kafka = { KAFKA_BROKERS: brokers, KAFKA_TOPIC_PREFIX: surroundings.kafkaPrefix }
      const amount = { EVENTS: String(events), CONTENTS: String(contents) }
      await runProgram('fill-reviews', { ...kafka, ...amount }, logDir)
      const source = { BROKERS: brokers, TOPIC: surroundings.kafkaPrefix + topics.review, EVENTS: String(events) }
      bare.push(await measureProgram('bare-consumer', source, logDir))
      const worker = await startWorker(surroundings, logDir)
      mopl.push(await measureWorker(worker, ['mopl_worker_events_handled_total', 'mopl-ratings'], events))
      await worker.stop()
      await checkSum(surroundings.databaseUrl, events)
      bench.progress(`  round ${round + 1} of ${rounds}`)
    }
    return compare(['bare consumer', 'ratings'], bare, mopl)
  },
}

async function insertContents(databaseUrl: string): Promise<void> {
  await withSql(
    databaseUrl,
    (sql) => sql`
      insert into contents (id, type, title, description)
      select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'movie', 'content ' || n, ''
      from generate_series(0, ${contents - 1}::int) as n`,
  )
}

/** A fast wrong answer is none. */
async function checkSum(databaseUrl: string, events: number): Promise<void> {
  const [row] = await withSql(databaseUrl, (sql) => sql`select sum(review_count)::int as counted from contents`)
  if (row.counted !== events) throw new Error(`${row.counted} of ${events} reviews were counted`)
}
