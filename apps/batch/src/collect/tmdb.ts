/**
 * Movies and series of TMDB, the most popular first, in Korean.
 *
 * @see https://developer.themoviedb.org/reference/discover-movie
 */
import * as v from 'valibot'
import type { Client } from './client.ts'
import { type CollectSettings } from './settings.ts'
import { type Collected, fitted, type Page, type Source } from './source.ts'

const kinds = { movie: 'movie', tv: 'tvSeries' } as const
type Kind = keyof typeof kinds

const Discovered = v.object({ total_pages: v.number(), results: v.array(v.unknown()) })
const Genres = v.object({ genres: v.array(v.object({ id: v.number(), name: v.string() })) })
/** A movie has a title, a series a name. */
const Entry = v.object({
  id: v.pipe(v.number(), v.integer()),
  title: v.optional(v.string()),
  name: v.optional(v.string()),
  overview: v.nullish(v.string(), ''),
  genre_ids: v.nullish(v.array(v.number()), []),
  poster_path: v.nullish(v.string()),
})

type TmdbClients = { api: Client; posters: Client }

export function tmdb({ TMDB_URL, TMDB_IMAGE_URL, TMDB_PAGES }: CollectSettings, { api, posters }: TmdbClients): Source {
  const genres = new Map<Kind, Promise<Map<number, string>>>()

  async function readGenres(kind: Kind): Promise<Map<number, string>> {
    const answer = v.parse(Genres, await api.json(`${TMDB_URL}/genre/${kind}/list?language=ko-KR`))
    return new Map(answer.genres.map(({ id, name }) => [id, name]))
  }

  function genresOf(kind: Kind): Promise<Map<number, string>> {
    const known = genres.get(kind) ?? readGenres(kind)
    genres.set(kind, known)
    // The next page asks again for what could not be had.
    known.catch(() => genres.delete(kind))
    return known
  }

  function toContent(kind: Kind, names: Map<number, string>, entry: unknown): Collected | undefined {
    const { success, output } = v.safeParse(Entry, entry)
    if (!success) return undefined
    const { id, title, name, overview, genre_ids, poster_path } = output
    return fitted({
      externalId: `tmdb:${id}`,
      type: kinds[kind],
      title: title ?? name ?? '',
      description: overview ?? '',
      tags: (genre_ids ?? []).flatMap((genre) => names.get(genre) ?? []),
      posterUrl: poster_path ? `${TMDB_IMAGE_URL}${poster_path}` : undefined,
    })
  }

  return {
    steps: (Object.keys(kinds) as Kind[]).flatMap((kind) =>
      Array.from({ length: TMDB_PAGES }, (_, index) => ({ group: kind, position: `${kind}/${index + 1}` })),
    ),
    async read({ position }): Promise<Page> {
      const [kind, page] = position.split('/') as [Kind, string]
      const names = await genresOf(kind)
      const query = `language=ko-KR&include_adult=false&sort_by=popularity.desc&page=${page}`
      const { results, total_pages } = v.parse(Discovered, await api.json(`${TMDB_URL}/discover/${kind}?${query}`))
      const items = results.flatMap((entry) => toContent(kind, names, entry) ?? [])
      return { items, unusable: results.length - items.length, isLast: Number(page) >= total_pages }
    },
    posters,
  }
}
