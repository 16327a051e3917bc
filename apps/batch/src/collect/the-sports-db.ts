/**
 * Matches of TheSportsDB, from yesterday to a week ahead, league by league.
 *
 * @see https://www.thesportsdb.com/documentation
 */
import * as v from 'valibot'
import type { Client } from './client.ts'
import type { CollectSettings } from './settings.ts'
import { type Collected, fitted, type Page, type Source } from './source.ts'

const daysBack = 1
const daysAhead = 7
const dayMs = 24 * 60 * 60 * 1_000

const text = v.nullish(v.string())
/** A day without a match is `null`, not an empty list. */
const Day = v.object({ events: v.nullish(v.array(v.unknown())) })
const Match = v.object({
  idEvent: v.pipe(v.string(), v.nonEmpty()),
  strEvent: v.string(),
  strSport: text,
  strLeague: text,
  strSeason: text,
  strVenue: text,
  dateEvent: text,
  strDescriptionEN: text,
  strPoster: text,
  strThumb: text,
})

export function theSportsDb(
  { THESPORTSDB_URL, THESPORTSDB_KEY, THESPORTSDB_LEAGUES }: CollectSettings,
  { api, posters }: { api: Client; posters: Client },
  now: Date,
): Source {
  const days = Array.from({ length: daysBack + 1 + daysAhead }, (_, index) =>
    new Date(now.getTime() + (index - daysBack) * dayMs).toISOString().slice(0, 10),
  )
  return {
    steps: days.flatMap((day) =>
      THESPORTSDB_LEAGUES.map((league) => ({ position: `${day}/${league}`, group: `${day}/${league}` })),
    ),
    async read({ position }): Promise<Page> {
      const [day, league] = position.split('/')
      const url = `${THESPORTSDB_URL}/${encodeURIComponent(THESPORTSDB_KEY)}/eventsday.php?d=${day}&l=${league}`
      const events = v.parse(Day, await api.json(url)).events ?? []
      const items = events.flatMap((event) => toContent(event) ?? [])
      return { items, unusable: events.length - items.length, isLast: true }
    },
    posters,
  }
}

function toContent(event: unknown): Collected | undefined {
  const { success, output } = v.safeParse(Match, event)
  if (!success) return undefined
  const facts = [output.strLeague, output.strSeason, output.dateEvent, output.strVenue].filter((fact) => fact)
  return fitted({
    externalId: `thesportsdb:${output.idEvent}`,
    type: 'sport',
    title: output.strEvent,
    description: output.strDescriptionEN || facts.join(' · '),
    tags: [output.strSport ?? '', output.strLeague ?? ''],
    posterUrl: output.strPoster || output.strThumb || undefined,
  })
}
