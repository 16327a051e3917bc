import { afterAll, expect, test } from 'bun:test'
import { newId } from '@mopl/infrastructure/ids'
import { playlists } from '@mopl/infrastructure/tables'
import { createLists } from '../testing-lists.ts'
import { openRecordingApi } from '../testing-statements.ts'
import type { Page } from './page.ts'

const many = 100
const { api, recorded, close } = await openRecordingApi()
afterAll(close)
const reader = await api.aUser({ role: 'ADMIN' })
const lists = await createLists(api, reader, many)

test.each(Object.entries(lists))('a page of %s costs as many statements with 100 rows as with one', async (_, list) => {
  const { path, filter, sorts, token = reader.token } = list
  const [sortBy = ''] = Object.keys(sorts)
  const search = new URLSearchParams({ ...filter, limit: String(many), sortBy, sortDirection: 'DESCENDING' })
  const [first, ...others] = Array.from({ length: many }, (_, index) => ({ id: newId(), key: index % 3 }))
  const costOf = async (rows: number) => {
    const { statements, answer } = await recorded(() => api.call('GET', `${path}?${search.toString()}`, { token }))
    expect((answer.body as Page<unknown>).data).toHaveLength(rows)
    return statements.length
  }
  await list.insert([first!])
  const cost = await costOf(1)
  await list.insert(others)
  expect(await costOf(many)).toBe(cost)
  expect(cost).toBeLessThanOrEqual(3)
  await list.remove([first!, ...others].map(({ id }) => id))
})

/** The number of statements of an operation, by the number of things that it is about. */
const operations: Record<string, (things: number) => Promise<number>> = {
  async 'reading a playlist with its contents'(things) {
    const id = newId()
    await api.db.insert(playlists).values({ id, ownerId: reader.id, title: '제목', description: '' })
    for (let count = 0; count < things; count++) {
      const path = `/api/playlists/${id}/contents/${await api.aContent()}`
      await api.call('POST', path, { token: reader.token })
    }
    return costOf('GET', `/api/playlists/${id}`)
  },
  async 'writing a content with its tags'(things) {
    const body = new FormData()
    const tags = Array.from({ length: things }, () => crypto.randomUUID())
    body.append('request', JSON.stringify({ type: 'movie', title: '제목', description: '', tags }))
    return costOf('POST', '/api/contents', body)
  },
  async 'marking messages read'(things) {
    const { path, insert, remove, token } = lists['direct messages']!
    const ids = Array.from({ length: things }, () => newId())
    await insert(ids.map((id) => ({ id, key: 0 })))
    const { statements, answer } = await recorded(() =>
      api.call('POST', `${path}/${ids.at(-1)}/read`, { token: token! }),
    )
    expect(answer.status).toBe(200)
    await remove(ids)
    return statements.length
  },
}

async function costOf(method: string, path: string, body?: FormData): Promise<number> {
  const { statements, answer } = await recorded(() =>
    api.call(method, path, { token: reader.token, ...(body !== undefined && { body }) }),
  )
  expect(answer.status).toBeLessThan(300)
  return statements.length
}

test.each(Object.entries(operations))(
  '%s costs as many statements with 20 of them as with one',
  async (_, operation) => {
    expect(await operation(20)).toBe(await operation(1))
  },
)
