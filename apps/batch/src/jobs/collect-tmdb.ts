/** Movies and series of TMDB. It allows some 40 requests a second; we ask for 20. */
import { createClient } from '../collect/client.ts'
import { collect, collectKinds } from '../collect/collect.ts'
import { tmdb } from '../collect/tmdb.ts'
import type { Job } from './job.ts'

const intervalMs = 50

export const collectTmdb: Job = {
  schedule: '0 3 * * *',
  summary: 'reads popular movies and series of TMDB into the contents',
  kinds: collectKinds,
  missing: ({ TMDB_ACCESS_TOKEN }) =>
    TMDB_ACCESS_TOKEN === '' ? 'TMDB_ACCESS_TOKEN is not set; themoviedb.org gives one to every account' : undefined,
  async run(context) {
    const { settings, signal } = context
    const headers = { authorization: `Bearer ${settings.TMDB_ACCESS_TOKEN}`, accept: 'application/json' }
    const api = createClient({ name: 'TMDB', headers, intervalMs, signal })
    // The server of pictures is another one, and has no business with the key.
    const posters = createClient({ name: 'TMDB (pictures)', intervalMs, signal })
    await collect(context, 'collect-tmdb', tmdb(settings, { api, posters }))
  },
}
