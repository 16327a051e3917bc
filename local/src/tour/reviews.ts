/** Journey 2: a content, a review, and the average that follows from it. */
import { eventually } from '@mopl/infrastructure/eventually'
import type { Visitor } from './accounts.ts'
import type { Guide } from './guide.ts'
import type { RestClient } from './rest-client.ts'

type ContentDto = { id: string; title: string; thumbnailUrl: string; averageRating: number; reviewCount: number }
type Page<T> = { data: T[]; hasNext: boolean; totalCount: number }

/** A real 1x1 PNG. */
const pixel = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

export async function walkReviews(guide: Guide, admin: RestClient, visitor: Visitor): Promise<string> {
  guide.journey('2. A content and its reviews')
  const title = `둘러보기 ${crypto.randomUUID().slice(0, 8)}`
  const content = await guide.step('an admin creates a content with a thumbnail', () => createContent(admin, title))
  await guide.step('the thumbnail is served', async () => {
    const response = await fetch(new URL(content.thumbnailUrl, admin.baseUrl))
    if (!response.ok || !response.headers.get('content-type')?.startsWith('image/'))
      throw new Error(`${response.status}`)
  })
  for (const sortBy of ['createdAt', 'watcherCount', 'rate']) {
    await guide.step(`the list, by ${sortBy}`, async () => {
      const query = new URLSearchParams({ limit: '20', sortBy, sortDirection: 'DESCENDING', keywordLike: title })
      const page = (await visitor.rest.call('GET', `/api/contents?${query.toString()}`, 200)) as Page<ContentDto>
      if (page.data[0]?.id !== content.id) throw new Error(`${title} is not in the list`)
    })
  }
  await guide.step('a review', () =>
    visitor.rest.call('POST', '/api/reviews', 201, { contentId: content.id, text: '다시 보고 싶은 작품', rating: 4.5 }),
  )
  await guide.step('the average follows through outbox, Kafka and worker', () =>
    eventually('the average', async () => {
      const now = (await visitor.rest.call('GET', `/api/contents/${content.id}`, 200)) as ContentDto
      return now.averageRating === 4.5 && now.reviewCount === 1
    }),
  )
  return content.id
}

async function createContent(admin: RestClient, title: string): Promise<ContentDto> {
  const form = new FormData()
  const request = { type: 'movie', title, description: '둘러보기가 만든 작품', tags: ['둘러보기'] }
  form.set('request', new Blob([JSON.stringify(request)], { type: 'application/json' }))
  form.set('thumbnail', new Blob([pixel], { type: 'image/png' }), 'pixel.png')
  return (await admin.call('POST', '/api/contents', 201, form)) as ContentDto
}
