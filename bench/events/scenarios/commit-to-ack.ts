/** How soon an event is in Kafka after the commit, when there is little to do. */
import { setTimeout as delay } from 'node:timers/promises'
import { newEvent } from '@mopl/infrastructure/events'
import { newId } from '@mopl/infrastructure/ids'
import { createLog } from '@mopl/infrastructure/log'
import { emit, outboxBell } from '@mopl/infrastructure/outbox'
import { openPostgres } from '@mopl/infrastructure/postgres'
import { outboxEvents } from '@mopl/infrastructure/tables'
import { isNull } from 'drizzle-orm'
import type { Scenario } from './index.ts'
import { percentile } from '../compare.ts'
import { startWorker } from '../worker.ts'
import { fixed } from '../../report/table.ts'

export const commitToAcknowledgement: Scenario = {
  title: 'Relay: from the commit to the broker’s acknowledgement, at 50 events a second',
  async run(bench) {
    const surroundings = await bench.freshSystem()
    const postgres = openPostgres({
      url: surroundings.databaseUrl,
      poolSize: 4,
      application: 'bench',
      log: createLog('bench', 'silent'),
    })
    const { db } = postgres
    const worker = await startWorker(surroundings, bench.logDir)
    try {
      const ring = outboxBell(db)
      const committedAt = new Map<string, number>()
      const events = bench.isQuick ? 250 : 1_500
      for (let made = 0; made < events; made++) {
        const payload = { playlistId: newId(), ownerId: newId(), subscriberId: newId() }
        const event = newEvent('playlist.unsubscribed', payload.playlistId, payload, 'bench')
        await emit(db, event)
        committedAt.set(event.eventId, performance.timeOrigin + performance.now())
        ring()
        await delay(20)
      }
      while ((await db.$count(outboxEvents, isNull(outboxEvents.publishedAt))) > 0) await delay(20)
      const rows = await db.select().from(outboxEvents)
      const values = rows.map(({ id, publishedAt }) => Number(publishedAt) - (committedAt.get(id) ?? Number.NaN))
      const shares = [0.5, 0.9, 0.99, 1].map((share) => fixed(percentile(values, share), 1))
      return { columns: ['events', 'p50 ms', 'p90 ms', 'p99 ms', 'max ms'], rows: [[String(events), ...shares]] }
    } finally {
      await worker.stop()
      await postgres.close()
    }
  },
}
