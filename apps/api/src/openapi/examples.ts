/** One small world that every example of the document is taken from. */
import { errorBody } from '@mopl/contracts/errors'

const createdAt = '2025-11-25T03:10:00.000Z'
const id = (last: number) => `0199b8a1-6c40-7000-8000-${String(last).padStart(12, '0')}`

export const otherUserId = id(2)

export const user = {
  id: id(1),
  createdAt,
  email: 'mopl@example.com',
  name: '김모플',
  profileImageUrl: '/media/0a/0199b8a1.webp',
  role: 'USER',
  locked: false,
} as const

export const userSummary = { userId: user.id, name: user.name, profileImageUrl: user.profileImageUrl }
const otherUser = { userId: otherUserId, name: '이플리' }

export const contentSummary = {
  id: id(3),
  type: 'movie' as const,
  title: '기생충',
  description: '두 가족이 만나며 벌어지는 이야기',
  thumbnailUrl: '/media/1f/0199b8a2.webp',
  tags: ['드라마', '스릴러'],
  averageRating: 4.5,
  reviewCount: 128,
}
export const content = { ...contentSummary, watcherCount: 12 }

export const review = {
  id: id(4),
  contentId: content.id,
  author: userSummary,
  text: '다시 봐도 놀랍습니다.',
  rating: 4.5,
}

export const playlist = {
  id: id(5),
  owner: userSummary,
  title: '비 오는 날',
  description: '비 오는 날에 어울리는 영화들',
  updatedAt: createdAt,
  subscriberCount: 42,
  subscribedByMe: false,
  contents: [contentSummary],
}

export const watchingSession = { id: id(6), createdAt, watcher: userSummary, content: contentSummary }

export const follow = { id: id(7), followeeId: otherUserId, followerId: user.id }

const conversationId = id(8)
export const directMessage = {
  id: id(9),
  conversationId,
  createdAt,
  sender: otherUser,
  receiver: userSummary,
  content: '오늘 같이 볼래요?',
}
export const conversation = { id: conversationId, with: otherUser, lastestMessage: directMessage, hasUnread: true }

export const notification = {
  id: id(10),
  createdAt,
  receiverId: user.id,
  title: '새 팔로워',
  content: '이플리님이 나를 팔로우했습니다.',
  level: 'INFO' as const,
}

export const error = errorBody('INVALID_REQUEST', { limit: '100 이하여야 합니다.' })

/** The first of two pages. */
export function pageOf<T extends { id: string }>(item: T, sortBy: string) {
  return {
    data: [item],
    nextCursor: createdAt,
    nextIdAfter: item.id,
    hasNext: true,
    totalCount: 2,
    sortBy,
    sortDirection: 'DESCENDING' as const,
  }
}
