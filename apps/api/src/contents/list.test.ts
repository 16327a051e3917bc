import { afterAll, describe, expect, test } from 'bun:test'
import type { Page } from '../http/page.ts'
import { openTestApi, refusal } from '../testing.ts'
import type { ContentDto, NewContent } from './schemas.ts'

const api = await openTestApi()
afterAll(() => api.close())
const admin = await api.aUser({ role: 'ADMIN' })
const user = await api.aUser()

async function create(content: Partial<NewContent>): Promise<void> {
  const form = new FormData()
  form.append('request', JSON.stringify({ type: 'movie', title: '제목', description: '', tags: [], ...content }))
  expect((await api.call('POST', '/api/contents', { token: admin.token, body: form })).status).toBe(201)
}

describe('the list', () => {
  async function titles(query: Record<string, string> | string): Promise<string[]> {
    const page = new URLSearchParams(query)
    for (const [name, value] of Object.entries({ limit: '50', sortBy: 'createdAt', sortDirection: 'ASCENDING' }))
      page.append(name, value)
    const { status, body } = await api.call('GET', `/api/contents?${page.toString()}`, { token: user.token })
    expect(status).toBe(200)
    return (body as Page<ContentDto>).data.map(({ title }) => title)
  }

  test('finds a keyword anywhere in title and description, Korean too, whatever its case, with nothing special in it', async () => {
    const mark = crypto.randomUUID()
    await create({ title: `살인의 추억 ${mark}`, description: '100% MEMORIES_of' })
    await create({ title: `괴물 ${mark}`, description: '한강의 100 memories of' })
    const found = async (keywordLike: string) => (await titles({ keywordLike })).filter((title) => title.endsWith(mark))
    expect(await found('살인')).toEqual([`살인의 추억 ${mark}`])
    for (const letter of ['추', '%', '_']) expect(await found(letter)).toEqual([`살인의 추억 ${mark}`])
    for (const letter of ['m', 'M']) expect(await found(letter)).toHaveLength(2)
    expect(await found('Memories')).toHaveLength(2)
    expect(await found('0%')).toEqual([`살인의 추억 ${mark}`])
    expect(await found('s_o')).toEqual([`살인의 추억 ${mark}`])
    expect(await found('억살')).toEqual([])
    expect(await found(String.raw`\ ' "`)).toEqual([])
  })

  test('filters by type and by any of several tags', async () => {
    const [one, two] = [crypto.randomUUID(), crypto.randomUUID()]
    await create({ title: 'A', tags: [one] })
    await create({ title: 'B', tags: [two], type: 'sport' })
    await create({ title: 'C', tags: [one, two] })
    expect(await titles({ tagsIn: one })).toEqual(['A', 'C'])
    expect(await titles(`tagsIn=${one}&tagsIn=${two}`)).toEqual(['A', 'B', 'C'])
    expect(await titles(`tagsIn=${one}&tagsIn=${two}&typeEqual=sport`)).toEqual(['B'])
    for (const written of [
      `tagsIn[]=${one}&tagsIn[]=${two}`,
      `tagsIn[0]=${one}&tagsIn[1]=${two}`,
      `tagsIn=${one}&tagsIn[]=${two}`,
    ])
      expect(await titles(written)).toEqual(['A', 'B', 'C'])
    expect(await titles(`tagsIn[]=${one}`)).toEqual(['A', 'C'])
    expect(await titles({ tagsIn: two, typeEqual: '', keywordLike: '' })).toEqual(['B', 'C'])
  })

  test('refuses an unknown type and a keyword that no text can contain', async () => {
    const page = 'limit=1&sortBy=rate&sortDirection=ASCENDING'
    for (const query of ['typeEqual=book', 'keywordLike=%00', `keywordLike=${'x'.repeat(101)}`])
      expect(await api.call('GET', `/api/contents?${page}&${query}`, { token: user.token })).toMatchObject(
        refusal(400, 'INVALID_REQUEST'),
      )
  })
})
