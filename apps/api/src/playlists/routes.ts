/** /api/playlists */
import { Hono } from 'hono'
import type { Deps } from '../deps.ts'
import { sendPage } from '../http/answer-headers.ts'
import { authenticate } from '../http/authenticate.ts'
import { describing, explained, refuses, returns } from '../http/describe.ts'
import type { Env } from '../http/env.ts'
import { once } from '../http/once.ts'
import { valid } from '../http/validate.ts'
import { addContent, createPlaylist, deletePlaylist, removeContent, updatePlaylist } from './playlists.ts'
import { getPlaylist, listPlaylists } from './read.ts'
import {
  NewPlaylist,
  PlaylistChange,
  PlaylistContentId,
  PlaylistDto,
  PlaylistId,
  PlaylistPage,
  PlaylistQuery,
} from './schemas.ts'
import { subscribe, unsubscribe } from './subscriptions.ts'

const describe = describing('플레이리스트 관리')

export function playlistRoutes(deps: Deps) {
  const { db } = deps
  const signedIn = authenticate(deps)
  const onePlaylist = valid('param', PlaylistId)
  const oneContent = valid('param', PlaylistContentId)
  return new Hono<Env>()
    .get(
      '/',
      describe('findPlaylists', '플레이리스트 목록 조회 (커서 페이지네이션)', returns(200, PlaylistPage)),
      signedIn,
      valid('query', PlaylistQuery),
      async (c) => sendPage(await listPlaylists(db, c.var.user.id, c.req.valid('query'))),
    )
    .post(
      '/',
      describe(
        'createPlaylist',
        '플레이리스트 생성',
        explained('생성한 플레이리스트는 API 요청자 본인의 플레이리스트로 생성됩니다.'),
        returns(201, PlaylistDto),
      ),
      signedIn,
      valid('json', NewPlaylist),
      once(deps, 'json'),
      async (c) => c.json(await createPlaylist(c.var.db, c.var.user.id, c.req.valid('json'), c.var.requestId), 201),
    )
    .get(
      '/:playlistId',
      describe('findPlaylist', '플레이리스트 단건 조회', returns(200, PlaylistDto), refuses('PLAYLIST_NOT_FOUND')),
      signedIn,
      onePlaylist,
      async (c) => c.json(await getPlaylist(db, c.var.user.id, c.req.valid('param').playlistId)),
    )
    .patch(
      '/:playlistId',
      describe(
        'updatePlaylist',
        '플레이리스트 수정',
        explained('플레이리스트 소유자만 수정할 수 있습니다.'),
        returns(200, PlaylistDto),
        refuses('FORBIDDEN', 'PLAYLIST_NOT_FOUND'),
      ),
      signedIn,
      onePlaylist,
      valid('json', PlaylistChange),
      async (c) =>
        c.json(await updatePlaylist(db, c.var.user.id, c.req.valid('param').playlistId, c.req.valid('json'))),
    )
    .delete(
      '/:playlistId',
      describe(
        'deletePlaylist',
        '플레이리스트 삭제',
        explained('플레이리스트 소유자만 삭제할 수 있습니다.'),
        returns(200),
        refuses('FORBIDDEN', 'PLAYLIST_NOT_FOUND'),
      ),
      signedIn,
      onePlaylist,
      async (c) => {
        await deletePlaylist(db, c.var.user.id, c.req.valid('param').playlistId)
        return c.body(null, 200)
      },
    )
    .post(
      '/:playlistId/subscription',
      describe('subscribePlaylist', '플레이리스트 구독', returns(204), refuses('PLAYLIST_NOT_FOUND')),
      signedIn,
      onePlaylist,
      once(deps),
      async (c) => {
        await subscribe(c.var.db, c.var.user.id, c.req.valid('param').playlistId, c.var.requestId)
        return c.body(null, 204)
      },
    )
    .delete(
      '/:playlistId/subscription',
      describe('unsubscribePlaylist', '플레이리스트 구독 취소', returns(204), refuses('PLAYLIST_NOT_FOUND')),
      signedIn,
      onePlaylist,
      async (c) => {
        await unsubscribe(db, c.var.user.id, c.req.valid('param').playlistId, c.var.requestId)
        return c.body(null, 204)
      },
    )
    .post(
      '/:playlistId/contents/:contentId',
      describe(
        'addContentToPlaylist',
        '플레이리스트에 콘텐츠 추가',
        explained('플레이리스트 소유자만 콘텐츠를 추가할 수 있습니다.'),
        returns(204),
        refuses('FORBIDDEN', 'PLAYLIST_NOT_FOUND', 'CONTENT_NOT_FOUND'),
      ),
      signedIn,
      oneContent,
      once(deps),
      async (c) => {
        await addContent(c.var.db, c.var.user.id, c.req.valid('param'), c.var.requestId)
        return c.body(null, 204)
      },
    )
    .delete(
      '/:playlistId/contents/:contentId',
      describe(
        'removeContentFromPlaylist',
        '플레이리스트에서 콘텐츠 삭제',
        explained('플레이리스트 소유자만 콘텐츠를 삭제할 수 있습니다.'),
        returns(204),
        refuses('FORBIDDEN', 'PLAYLIST_NOT_FOUND'),
      ),
      signedIn,
      oneContent,
      async (c) => {
        await removeContent(db, c.var.user.id, c.req.valid('param'))
        return c.body(null, 204)
      },
    )
}
