/** The few scalar schemas that every process must read the same way. */
import * as v from 'valibot'

/** Any RFC 9562 UUID in its canonical text form, lower-cased so that ids compare as strings. */
export const Uuid = v.pipe(v.string(), v.uuid(), v.toLowerCase())

/** ISO-8601 UTC with `Z` and millisecond precision, the only form in which times travel. */
export const Instant = v.pipe(v.string(), v.isoTimestamp())

/** How many there are of something. */
export const Count = v.pipe(v.number(), v.integer(), v.minValue(0))

/** Length limits of texts, in characters (contract section 5, rule 11). The database repeats them as checks. */
export const limits = {
  name: { min: 2, max: 50 },
  email: { max: 320 },
  password: { min: 8, max: 128 },
  title: { max: 255 },
  description: { max: 4000 },
  tag: { max: 50 },
  review: { max: 2000 },
  message: { max: 1000 },
} as const
