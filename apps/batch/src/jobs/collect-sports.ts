/** Matches of TheSportsDB. Its free keys are good for 30 requests a minute. */
import { createClient } from '../collect/client.ts'
import { collect, collectKinds } from '../collect/collect.ts'
import { theSportsDb } from '../collect/the-sports-db.ts'
import type { Job } from './job.ts'

const intervalMs = 2_000
const posterIntervalMs = 100

export const collectSports: Job = {
  schedule: '30 3 * * *',
  summary: 'reads the matches of the days around today of TheSportsDB into the contents',
  kinds: collectKinds,
  missing: ({ THESPORTSDB_KEY }) =>
    THESPORTSDB_KEY === '' ? 'THESPORTSDB_KEY is not set; thesportsdb.com gives one to every account' : undefined,
  async run(context) {
    const { settings, signal, now } = context
    const api = createClient({ name: 'TheSportsDB', intervalMs, signal })
    const posters = createClient({ name: 'TheSportsDB (pictures)', intervalMs: posterIntervalMs, signal })
    await collect(context, 'collect-sports', theSportsDb(settings, { api, posters }, now))
  },
}
