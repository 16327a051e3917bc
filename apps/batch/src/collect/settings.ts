/** Where catalogues are read from, and the keys to them. Without its key a job is not on the schedule. */
import { Integer } from '@mopl/infrastructure/config'
import * as v from 'valibot'

const url = (fallback: string) =>
  v.pipe(
    v.optional(v.string(), fallback),
    v.regex(/^https?:\/\//, 'must start with https:// or http://'),
    v.transform((text) => text.replace(/\/$/, '')),
  )

export const CollectEnv = v.object({
  /** The "API Read Access Token" of a TMDB account. */
  TMDB_ACCESS_TOKEN: v.optional(v.string(), ''),
  TMDB_URL: url('https://api.themoviedb.org/3'),
  /** With the width in pixels that we keep. */
  TMDB_IMAGE_URL: url('https://image.tmdb.org/t/p/w500'),
  /** Of 20 each, of movies and of series; TMDB shows no more than 500. */
  TMDB_PAGES: Integer('25', 1, 500),
  THESPORTSDB_KEY: v.optional(v.string(), ''),
  THESPORTSDB_URL: url('https://www.thesportsdb.com/api/v1/json'),
  /** By their numbers there: the Premier League, the NBA and the K League 1. */
  THESPORTSDB_LEAGUES: v.pipe(
    v.optional(v.string(), '4328,4387,4689'),
    v.regex(/^\d+(,\d+)*$/, 'must list numbers of leagues, separated by commas'),
    v.transform((text) => text.split(',')),
  ),
})
export type CollectSettings = v.InferOutput<typeof CollectEnv>
