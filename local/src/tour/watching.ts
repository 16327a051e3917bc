/** Journey 3: two people on different socket instances watch the same content. */
import { eventually } from '@mopl/infrastructure/eventually'
import type { Visitor } from './accounts.ts'
import type { Guide } from './guide.ts'
import { StompClient } from './stomp-client.ts'

type Watch = {
  type: 'JOIN' | 'LEAVE'
  watchingSession: { id: string; watcher: { userId: string } }
  watcherCount: number
}
type Chat = { sender: { userId: string }; content: string }
type Page = { data: { id: string; watcher: { userId: string } }[]; totalCount: number }

const connectionAttempts = 20

export async function walkWatching(guide: Guide, contentId: string, first: Visitor, second: Visitor): Promise<void> {
  guide.journey('3. Watching together')
  const watch = `/sub/contents/${contentId}/watch`
  const chat = `/sub/contents/${contentId}/chat`

  const one = await guide.step(`${first.name} connects`, () => connect(first))
  const other = await guide.step(`${second.name} connects to another instance`, () =>
    connectElsewhere(second, one.server),
  )
  await guide.step('one joins', async () => {
    one.subscribe(watch)
    one.subscribe(chat)
    await one.message<Watch>(watch, isJoinOf(first.userId))
  })
  const join = await guide.step('the other joins, both see it', async () => {
    other.subscribe(watch)
    other.subscribe(chat)
    await other.message<Watch>(watch, isJoinOf(second.userId))
    return one.message<Watch>(watch, (message) => isJoinOf(second.userId)(message) && message.watcherCount === 2)
  })
  await guide.step('REST lists both', () =>
    eventually('two watchers', async () => {
      const query = new URLSearchParams({ limit: '20', sortBy: 'createdAt', sortDirection: 'ASCENDING' })
      const page = (await first.rest.call(
        'GET',
        `/api/contents/${contentId}/watching-sessions?${query.toString()}`,
        200,
      )) as Page
      return page.totalCount === 2 && page.data.some((session) => session.id === join.watchingSession.id)
    }),
  )
  await guide.step('a chat line crosses over', async () => {
    one.send(`/pub/contents/${contentId}/chat`, { content: '같이 봐요' })
    await other.message<Chat>(
      chat,
      (message) => message.content === '같이 봐요' && message.sender.userId === first.userId,
    )
  })
  await guide.step('a LEAVE carries the id of its JOIN', async () => {
    await other.disconnect()
    await one.message<Watch>(
      watch,
      ({ type, watchingSession, watcherCount }) =>
        type === 'LEAVE' && watchingSession.id === join.watchingSession.id && watcherCount === 1,
    )
  })
  await one.disconnect()
}

function isJoinOf(userId: string): (message: Watch) => boolean {
  return ({ type, watchingSession }) => type === 'JOIN' && watchingSession.watcher.userId === userId
}

function connect(visitor: Visitor): Promise<StompClient> {
  return StompClient.connect(visitor.rest.baseUrl, visitor.rest.accessToken ?? '')
}

/** The gateway spreads connections by SockJS session id, which the client draws at random: draw until it is another instance. */
async function connectElsewhere(visitor: Visitor, server: string): Promise<StompClient> {
  for (let attempt = 0; attempt < connectionAttempts; attempt++) {
    const client = await connect(visitor)
    if (client.server !== server) return client
    await client.disconnect()
  }
  throw new Error(`${connectionAttempts} connections all reached ${server}: is there only one socket instance?`)
}
