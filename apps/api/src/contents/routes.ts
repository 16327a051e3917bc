/** /api/contents */
import { forgetContents } from '@mopl/infrastructure/forget'
import { Hono } from 'hono'
import type { Deps } from '../deps.ts'
import { sendJson } from '../http/answer-headers.ts'
import { authenticate, requireAdmin } from '../http/authenticate.ts'
import { describing, refuses, returns } from '../http/describe.ts'
import type { Env } from '../http/env.ts'
import { forgetAfter } from '../http/forget-after.ts'
import { once } from '../http/once.ts'
import { validParts } from '../http/parts.ts'
import { valid } from '../http/validate.ts'
import { catalogueEntry, contentEntry } from './cached.ts'
import { createContent, deleteContent, getContent, updateContent } from './contents.ts'
import { listContents } from './list.ts'
import { ContentChange, ContentDto, ContentId, ContentPage, ContentQuery, NewContent } from './schemas.ts'

const describe = describing('콘텐츠 관리')

export function contentRoutes(deps: Deps) {
  const signedIn = authenticate(deps)
  const oneContent = valid('param', ContentId)
  const forgets = forgetAfter(deps, 'contentId', (ids) => forgetContents(deps.redis, ids))
  return new Hono<Env>()
    .get(
      '/',
      describe('findContents', '콘텐츠 목록 조회 (커서 페이지네이션)', returns(200, ContentPage)),
      signedIn,
      valid('query', ContentQuery),
      async (c) => {
        const query = c.req.valid('query')
        return sendJson(await deps.cache.json(catalogueEntry(query), () => listContents(deps.db, query)))
      },
    )
    .post(
      '/',
      describe('createContent', '[어드민] 콘텐츠 생성', returns(201, ContentDto)),
      signedIn,
      requireAdmin,
      validParts(NewContent, 'thumbnail'),
      forgets,
      once(deps, 'form'),
      async (c) => {
        const { request, picture } = c.req.valid('form')
        return c.json(await createContent({ ...deps, db: c.var.db }, request, picture, c.var.requestId), 201)
      },
    )
    .get(
      '/:contentId',
      describe('findContent', '콘텐츠 단건 조회', returns(200, ContentDto), refuses('CONTENT_NOT_FOUND')),
      signedIn,
      oneContent,
      async (c) => {
        const { contentId } = c.req.valid('param')
        return sendJson(await deps.cache.json(contentEntry(contentId), () => getContent(deps.db, contentId)))
      },
    )
    .patch(
      '/:contentId',
      describe('updateContent', '[어드민] 콘텐츠 수정', returns(200, ContentDto), refuses('CONTENT_NOT_FOUND')),
      signedIn,
      requireAdmin,
      oneContent,
      validParts(ContentChange, 'thumbnail'),
      forgets,
      async (c) => {
        const { request, picture } = c.req.valid('form')
        return c.json(await updateContent(deps, c.req.valid('param').contentId, request, picture, c.var.requestId))
      },
    )
    .delete(
      '/:contentId',
      describe('deleteContent', '[어드민] 콘텐츠 삭제', returns(200), refuses('CONTENT_NOT_FOUND')),
      signedIn,
      requireAdmin,
      oneContent,
      forgets,
      async (c) => {
        await deleteContent(deps, c.req.valid('param').contentId, c.var.requestId)
        return c.body(null, 200)
      },
    )
}
