/** The numbered rows of the seeded database: the same ids in `seed.ts`, which makes them, and in the requests. */

const kinds = ['user', 'content', 'tag', 'review', 'playlist', 'notification'] as const
export type Kind = (typeof kinds)[number]

/** 2026-01-01; row `n` was made `n` seconds later. */
const firstMs = Date.UTC(2026, 0, 1)

/** A UUIDv7 whose time is the row's, counted from 0. */
export function idOf(kind: Kind, n: number): string {
  const time = (firstMs + n * 1_000).toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-${idSuffix(kind)}`
}

/** The same in SQL, of a column or an expression `n`. */
export function sqlIdOf(kind: Kind, n: string): string {
  return `(lpad(to_hex(${firstMs} + (${n})::bigint * 1000), 12, '0') || '${idSuffix(kind).replaceAll('-', '')}')::uuid`
}

/** The time inside `idOf`. */
export function timeOf(n: number): string {
  return new Date(firstMs + n * 1_000).toISOString()
}

/** The same in SQL. */
export function sqlTimeOf(n: string): string {
  return `to_timestamp(${firstMs / 1_000} + (${n})::bigint)`
}

function idSuffix(kind: Kind): string {
  return `7${kinds.indexOf(kind).toString(16).padStart(3, '0')}-8000-000000000000`
}
