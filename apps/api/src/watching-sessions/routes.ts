/** Watching sessions, asked by content and by watcher. */
import { WatchingSessionDto } from '@mopl/contracts/realtime'
import { Hono } from 'hono'
import * as v from 'valibot'
import { ContentId } from '../contents/schemas.ts'
import type { Deps } from '../deps.ts'
import { sendPage } from '../http/answer-headers.ts'
import { authenticate } from '../http/authenticate.ts'
import { describing, explained, refuses, returns } from '../http/describe.ts'
import type { Env } from '../http/env.ts'
import { valid } from '../http/validate.ts'
import { WatcherId, WatchingSessionPage, WatchingSessionQuery } from './schemas.ts'
import { findWatchingSession, listWatchingSessions } from './watching-sessions.ts'

const describe = describing('시청 세션 관리')

/** Under /api/contents */
export function contentWatchingRoutes(deps: Deps) {
  return new Hono<Env>().get(
    '/:contentId/watching-sessions',
    describe(
      'findWatchingSessionsByContent',
      '특정 콘텐츠의 시청 세션 목록 조회 (커서 페이지네이션)',
      returns(200, WatchingSessionPage),
      refuses('CONTENT_NOT_FOUND'),
    ),
    authenticate(deps),
    valid('param', ContentId),
    valid('query', WatchingSessionQuery),
    async (c) => sendPage(await listWatchingSessions(deps, c.req.valid('param').contentId, c.req.valid('query'))),
  )
}

/** Under /api/users */
export function userWatchingRoutes(deps: Deps) {
  return new Hono<Env>().get(
    '/:watcherId/watching-sessions',
    describe(
      'findWatchingSessionsByWatcher',
      '특정 사용자의 시청 세션 조회 (nullable)',
      explained('시청 중이 아니면 null입니다.'),
      returns(200, v.nullable(WatchingSessionDto)),
    ),
    authenticate(deps),
    valid('param', WatcherId),
    async (c) => c.json(await findWatchingSession(deps, c.req.valid('param').watcherId)),
  )
}
