/** `GET /api/sse`, the one REST operation that is not the api's: `socket` answers it. */
import type { Telling } from '../http/describe.ts'
import * as v from 'valibot'
import { notification } from './examples.ts'

const LastEventId = v.optional(
  v.pipe(v.string(), v.description('마지막으로 받은 이벤트의 id. 그 다음 것부터 보냅니다.')),
)

const sample = `id: 1763953800000-0\nevent: notifications\ndata: ${JSON.stringify(notification)}\n\n`

export const eventStream: { method: string; path: string; tellings: Telling[] } = {
  method: 'GET',
  path: '/api/sse',
  tellings: [
    {
      operation: {
        id: 'subscribe',
        tag: 'sse-controller',
        summary: '이벤트 스트림 구독',
        description:
          '이벤트 `notifications`의 data는 NotificationDto, `direct-messages`의 data는 DirectMessageDto입니다. ' +
          '15초 안에 한 번은 무언가를 보냅니다. 놓친 것을 모두 보낼 수 없으면 이벤트 `reset`을 보냅니다.',
      },
      needs: 'bearer',
      refusals: ['UNAUTHENTICATED', 'INVALID_TOKEN', 'SESSION_ENDED', 'ORIGIN_NOT_ALLOWED'],
    },
    { parameters: { in: 'query', fields: v.object({ LastEventId, lastEventId: LastEventId }) } },
    { parameters: { in: 'header', fields: v.object({ 'Last-Event-ID': LastEventId }) } },
    { answer: { status: 200, type: 'text/event-stream', schema: v.pipe(v.string(), v.examples([sample])) } },
  ],
}
