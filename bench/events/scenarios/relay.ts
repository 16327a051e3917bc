/** A full outbox into Kafka. Nobody does anything with these events but read them. */
import { withSql } from '@mopl/local/postgres'
import type { Bench } from '../bench.ts'
import type { Scenario } from './index.ts'
import { compare } from '../compare.ts'
import type { Report } from '../programs/report.ts'
import { measureProgram } from '../programs.ts'
import { measureWorker, startWorker } from '../worker.ts'

export const relay: Scenario = {
  title: 'Relay: a full outbox into Kafka, each event acknowledged and marked',
  async run(bench) {
    // Not counted: a broker that has just started spends more on compiling itself than on events.
    await measureRound(bench)
    const bare: Report[] = []
    const mopl: Report[] = []
    for (let round = 1; round <= bench.rounds; round++) {
      const { least, own } = await measureRound(bench)
      bare.push(least)
      mopl.push(own)
      bench.progress(`  round ${round} of ${bench.rounds}`)
    }
    return compare(['bare producer', 'relay'], bare, mopl)
  },
}

async function measureRound(bench: Bench): Promise<{ least: Report; own: Report }> {
  const { logDir, brokers } = bench
  const events = bench.isQuick ? 60_000 : 200_000
  const surroundings = await bench.freshSystem()
  const bytes = await fillOutbox(surroundings.databaseUrl, events)
  const worker = await holdingLanes(surroundings.databaseUrl, () => startWorker(surroundings, logDir))
  const own = await measureWorker(worker, ['mopl_outbox_published_total'], events)
  await worker.stop()
  const target = { BROKERS: brokers, TOPIC: `${surroundings.kafkaPrefix}mopl.playlist.v1` }
  const least = await measureProgram('bare-producer', { ...target, EVENTS: String(events), BYTES: bytes }, logDir)
  return { least, own }
}

/** Keeps the relay waiting meanwhile, as another relay would (apps/worker/src/outbox.ts): it starts before the worker is ready. */
async function holdingLanes<T>(databaseUrl: string, work: () => Promise<T>): Promise<T> {
  return withSql(databaseUrl, async (sql) => {
    await sql`select pg_advisory_lock(6665423, lane) from generate_series(0, 15) as lane`
    return work()
  })
}

/** Returns the size of one event. */
async function fillOutbox(databaseUrl: string, events: number): Promise<string> {
  return withSql(databaseUrl, async (sql) => {
    await sql`
      insert into outbox_events (id, aggregatetype, aggregateid, type, payload)
      select id, 'playlist', key, 'playlist.unsubscribed', json_build_object(
        'eventId', id, 'type', 'playlist.unsubscribed', 'version', 1, 'occurredAt', '2026-01-01T00:00:00.000Z', 'key', key,
        'requestId', 'bench', 'payload', json_build_object('playlistId', key, 'ownerId', id, 'subscriberId', id))
      from (
        select gen_random_uuid() as id, '00000000-0000-7000-8000-' || lpad(to_hex(n % 1000), 12, '0') as key
        from generate_series(1, ${events}::int) as n
      ) as numbered`
    await sql`vacuum analyze outbox_events`
    const [row] = await sql`select octet_length(payload::text)::text as bytes from outbox_events limit 1`
    return String(row.bytes)
  })
}
