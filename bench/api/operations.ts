/** What is asked of the servers: each operation with the requests that the load repeats. */
import { idOf, timeOf } from './ids.ts'
import type { Request } from './load.ts'
import { activeUsers, password, playlistCount, signingIn, type Size } from './seed.ts'
import { words } from './words.ts'

export type Operation = { name: string; connections: number; requests: (run: Run) => Request[] }
/** `serial` differs from run to run, for what can be done only once. */
export type Run = { size: Size; tokens: readonly string[]; serial: number }

const connections = 64
/** As many as the argon2 hashes that may wait; more would be refused. */
const signInConnections = 16
const distinct = 2_000
const firstPage = 'limit=20&sortDirection=DESCENDING'

export const operations: Operation[] = [
  {
    name: 'sign-in',
    connections: signInConnections,
    requests: () =>
      range(signingIn).map((n) => ({
        method: 'POST',
        path: '/api/auth/sign-in',
        form: new URLSearchParams({ username: `user-${activeUsers + n}@bench.mopl`, password }).toString(),
      })),
  },
  // Cached, as hot contents are; the bare server asks PostgreSQL.
  read('content by id', ({ contents }, n) => `/api/contents/${idOf('content', (n * 7_919) % contents)}`),
  read('first page of contents', () => `/api/contents?${firstPage}&sortBy=createdAt`),
  read('contents by createdAt', (size, n) => `/api/contents?${firstPage}&sortBy=createdAt${after(size, n, 'time')}`),
  read(
    'contents by watcherCount',
    (size, n) => `/api/contents?${firstPage}&sortBy=watcherCount${after(size, n, n % 900)}`,
  ),
  // The averages of the seed are from 2.25 to 2.75: below them there is no page to ask for.
  read('contents by rate', (size, n) => `/api/contents?${firstPage}&sortBy=rate${after(size, n, (46 + (n % 9)) / 20)}`),
  read('contents of a type', (size, n) => {
    const type = ['movie', 'tvSeries', 'sport'][n % 3]
    return `/api/contents?${firstPage}&sortBy=createdAt&typeEqual=${type}${after(size, n, 'time')}`
  }),
  // Words all along from the frequent to the rare.
  {
    ...read('contents by keyword', (_size, n) => keywordSearch(words[(n * 101) % words.length] ?? '')),
    connections: 8,
  },
  read('reviews of a content', ({ contents }, n) => {
    const contentId = idOf('content', (n * 7_919) % contents)
    return `/api/reviews?${firstPage}&sortBy=createdAt&contentId=${contentId}`
  }),
  read('all reviews', () => `/api/reviews?${firstPage}&sortBy=rating`),
  read('notifications', () => `/api/notifications?${firstPage}&sortBy=createdAt`),
  read('playlists', () => `/api/playlists?${firstPage}&sortBy=updatedAt`),
  read('playlists of an owner', ({ users }, n) => {
    const ownerIdEqual = idOf('user', n % Math.min(users, playlistCount))
    return `/api/playlists?${firstPage}&sortBy=subscribeCount&ownerIdEqual=${ownerIdEqual}`
  }),
  { name: 'review creation', connections, requests: newReviews },
]

/** A place somewhere in the list, so that the page is nobody's first, which may be cached. */
function after({ contents }: Size, n: number, cursor: number | 'time'): string {
  const place = (n * 7_919) % contents
  return `&cursor=${cursor === 'time' ? timeOf(place) : cursor}&idAfter=${idOf('content', place)}`
}

export function keywordSearch(keyword: string): string {
  return `/api/contents?${firstPage}&sortBy=createdAt&keywordLike=${encodeURIComponent(keyword)}`
}

function read(name: string, pathOf: (size: Size, n: number) => string): Operation {
  const requests = ({ size, tokens }: Run) =>
    range(distinct).map((n) => ({ path: pathOf(size, n), token: tokens[n % tokens.length] ?? '' }))
  return { name, connections, requests }
}

/** Nobody reviews a content twice, over all runs; the few pairs that the seed has too are refused. */
function newReviews({ size, tokens, serial }: Run): Request[] {
  const perRun = 60_000
  return range(perRun).map((n) => {
    const pair = serial * perRun + n
    const contentId = idOf('content', Math.floor(pair / tokens.length) % size.contents)
    const json = { contentId, rating: (pair % 11) / 2, text: '다시 보고 싶은 작품이에요.' }
    return { method: 'POST', path: '/api/reviews', token: tokens[pair % tokens.length] ?? '', json }
  })
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n)
}
