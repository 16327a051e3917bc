/**
 * The least that the same answers can cost: `Bun.serve`, a driver, and the SQL by hand. No framework, no validation, nothing
 * logged or counted, and a token is only read for whose it is: nobody checks it.
 *
 * Environment: PORT, DATABASE_URL, DATABASE_POOL_SIZE, DRIVER (`pg`, as in the api, or `Bun.sql`).
 */
import { newId } from '@mopl/infrastructure/ids'
import { contentDto, contentSummary, notificationDto, page, playlistDto, reviewDto } from './answers.ts'
import { driverNames, openDriver, type Row } from './drivers.ts'
import type { StatementName } from './statements.ts'

const { PORT, DATABASE_URL = '', DATABASE_POOL_SIZE, DRIVER } = process.env
const driverName = driverNames.find((name) => name === DRIVER) ?? 'pg'
const { query, transaction } = openDriver(driverName, DATABASE_URL, Number(DATABASE_POOL_SIZE))

Bun.serve({ hostname: '127.0.0.1', port: Number(PORT), fetch: answer })

async function answer(request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url)
  const get = (name: string) => searchParams.get(name)
  const sortBy = get('sortBy') ?? ''
  if (request.method === 'POST') return pathname === '/api/reviews' ? createReview(request) : signIn(request)
  switch (pathname) {
    case '/api/contents':
      return page(await listContents(get, sortBy), sortBy, contentDto)
    case '/api/reviews': {
      const contentId = get('contentId')
      const found = contentId === null ? query('allReviews', []) : query('reviewsOfContent', [contentId])
      return page(await found, sortBy, reviewDto)
    }
    case '/api/notifications':
      return page(await query('notifications', [callerOf(request)]), sortBy, notificationDto)
    case '/api/playlists':
      return listPlaylists(callerOf(request), sortBy, get('ownerIdEqual'))
    case '/':
      return new Response()
    default: {
      const [row] = await query('content', [pathname.slice('/api/contents/'.length)])
      return row === undefined ? new Response(null, { status: 404 }) : Response.json(contentDto(row))
    }
  }
}

const contentStatements: Record<string, StatementName> = {
  createdAt: 'contentsByCreatedAt',
  watcherCount: 'contentsByWatcherCount',
  rate: 'contentsByRate',
}

function listContents(get: (name: string) => string | null, sortBy: string): Promise<Row[]> {
  const [cursor, keyword, type] = [get('cursor'), get('keywordLike'), get('typeEqual')]
  if (keyword !== null) return query('contentsByKeyword', [keyword, `%${keyword}%`])
  if (cursor === null) return query('firstContents', [])
  const position = [cursor, get('idAfter')]
  if (type !== null) return query('contentsOfType', [...position, type])
  return query(contentStatements[sortBy] ?? 'contentsByCreatedAt', position)
}

async function listPlaylists(caller: string, sortBy: string, ownerId: string | null): Promise<Response> {
  const playlists = await (ownerId === null
    ? query('playlists', [caller])
    : query('playlistsOfOwner', [caller, ownerId]))
  const contentsOf = new Map<unknown, unknown[]>(playlists.slice(0, 20).map(({ id }) => [id, []]))
  for (const row of await query('contentsOfPlaylists', [[...contentsOf.keys()]]))
    contentsOf.get(row['playlist_id'])?.push(contentSummary(row))
  return page(playlists, sortBy, (row) => playlistDto(row, contentsOf.get(row['id']) ?? []))
}

async function createReview(request: Request): Promise<Response> {
  const { contentId, rating, text } = (await request.json()) as { contentId: string; rating: number; text: string }
  const [id, eventId, authorId] = [newId(), newId(), callerOf(request)]
  const payload = { reviewId: id, contentId, authorId, rating }
  const envelope = { type: 'review.created', version: 1, occurredAt: new Date(), key: contentId, requestId: newId() }
  const [review] = await transaction(async (query) => {
    await query('insertReview', [id, contentId, authorId, rating, text])
    await query('insertEvent', [eventId, contentId, JSON.stringify({ eventId, ...envelope, payload })])
    return query('review', [id])
  })
  return Response.json(review && reviewDto(review), { status: 201 })
}

async function signIn(request: Request): Promise<Response> {
  const form = new URLSearchParams(await request.text())
  const [user] = await query('account', [form.get('username')])
  const isRight = await Bun.password.verify(form.get('password') ?? '', String(user?.['password_hash']))
  return Response.json({ userDto: { ...user, password_hash: undefined } }, { status: isRight ? 200 : 401 })
}

function callerOf(request: Request): string {
  const claims = request.headers.get('authorization')?.split('.')[1] ?? ''
  return (JSON.parse(Buffer.from(claims, 'base64url').toString()) as { sub: string }).sub
}
