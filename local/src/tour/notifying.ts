/** Journey 5: what one person does reaches another as a notification, over server-sent events. */
import type { NotificationDto } from '@mopl/contracts/realtime'
import { signIn, type Visitor } from './accounts.ts'
import { EventStream } from './event-stream.ts'
import type { Guide } from './guide.ts'
import type { RestClient } from './rest-client.ts'
import { StompClient } from './stomp-client.ts'

/** `one` is told of what `other` and the admin do. */
export async function walkNotifying(
  guide: Guide,
  { admin, contentId, one, other }: { admin: RestClient; contentId: string; one: Visitor; other: Visitor },
): Promise<void> {
  guide.journey('5. Being told')
  const [mine, theirs] = [await openStream(one), await openStream(other)]

  await guide.step('a follow', async () => {
    await other.rest.call('POST', '/api/follows', 201, { followeeId: one.userId })
    await notification(mine, '팔로우')
  })
  const playlist = (await one.rest.call('POST', '/api/playlists', 201, {
    title: '둘러보기',
    description: '',
  })) as { id: string }
  await guide.step('a playlist is subscribed to', async () => {
    await other.rest.call('POST', `/api/playlists/${playlist.id}/subscription`, 204)
    await notification(mine, '구독')
  })
  await guide.step('a content is added to it', async () => {
    await one.rest.call('POST', `/api/playlists/${playlist.id}/contents/${contentId}`, 204)
    await notification(theirs, '추가')
  })
  const last = await guide.step('a direct message', () => directMessage(other, one, mine))

  // A role change signs out everywhere, so that its notification is what the next stream begins with.
  await guide.step('a role change, told after signing in again', async () => {
    await admin.call('PATCH', `/api/users/${one.userId}/role`, 204, { role: 'ADMIN' })
    await mine.ended
    await signIn(one.rest, one.email, one.password)
    const again = await openStream(one, last)
    await notification(again, '권한')
    again.close()
  })
  theirs.close()
}

function openStream({ rest }: Visitor, lastEventId?: string): Promise<EventStream> {
  return EventStream.open(rest.baseUrl, rest.accessToken ?? '', lastEventId)
}

function notification(stream: EventStream, words: string) {
  return stream.event('notifications', (data) => {
    const { title, content } = data as NotificationDto
    return `${title} ${content}`.includes(words)
  })
}

/** Sends one over WebSocket and returns the id of the event that told the receiver last. */
async function directMessage(from: Visitor, to: Visitor, stream: EventStream): Promise<string | undefined> {
  const conversation = (await from.rest.call('POST', '/api/conversations', 200, { withUserId: to.userId })) as {
    id: string
  }
  const stomp = await StompClient.connect(from.rest.baseUrl, from.rest.accessToken ?? '')
  stomp.send(`/pub/conversations/${conversation.id}/direct-messages`, { content: '같이 볼래요?' })
  await stream.event('direct-messages', (data) => (data as { content: string }).content === '같이 볼래요?')
  await notification(stream, '메시지')
  await stomp.disconnect()
  return stream.events.at(-1)?.id
}
