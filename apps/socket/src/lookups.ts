/** What the socket needs to know of users, contents and conversations. It has no SQL: the api is asked, rarely. */
import { AppError } from '@mopl/contracts/errors'
import { ContentSummary, UserSummary } from '@mopl/contracts/realtime'
import { redisKeys } from '@mopl/contracts/redis-keys'
import { Uuid } from '@mopl/contracts/scalars'
import type { Redis } from 'ioredis'
import * as v from 'valibot'
import type { ApiClient } from './api-client.ts'
import { createLookup, type Lookup } from './lookup.ts'

/** The two users of a conversation. They never change. */
export type Participants = readonly [string, string]

export type Lookups = {
  users: Lookup<UserSummary>
  contents: Lookup<ContentSummary>
  participants: Lookup<Participants>
}

const UserDto = v.object({ id: Uuid, name: v.string(), profileImageUrl: v.nullish(v.string()) })
const ContentDto = v.object({ ...ContentSummary.entries, thumbnailUrl: v.nullish(v.string()) })
const ConversationDto = v.object({ id: Uuid, with: v.object({ userId: Uuid }) })

export function createLookups(redis: Redis, api: ApiClient): Lookups {
  return {
    users: createLookup({
      redis,
      key: redisKeys.userSummaryCache,
      schema: v.pipe(v.string(), v.parseJson(), UserSummary),
      toText: JSON.stringify,
      notFound: 'USER_NOT_FOUND',
      isHot: false,
      async ask(id, claims) {
        const user = read(v.optional(UserDto), await api.get(`/api/users/${id}`, claims))
        return user && { userId: user.id, name: user.name, ...present('profileImageUrl', user.profileImageUrl) }
      },
    }),
    contents: createLookup({
      redis,
      key: redisKeys.contentSummaryCache,
      schema: v.pipe(v.string(), v.parseJson(), ContentSummary),
      toText: JSON.stringify,
      notFound: 'CONTENT_NOT_FOUND',
      isHot: true,
      async ask(id, claims) {
        const content = read(v.optional(ContentDto), await api.get(`/api/contents/${id}`, claims))
        if (content === undefined) return undefined
        const { thumbnailUrl, ...rest } = content
        return { ...rest, ...present('thumbnailUrl', thumbnailUrl) }
      },
    }),
    participants: createLookup({
      redis,
      key: redisKeys.participantsCache,
      schema: v.pipe(
        v.string(),
        v.transform((text) => text.split('|')),
        v.tuple([Uuid, Uuid]),
      ),
      toText: (pair) => pair.join('|'),
      notFound: 'CONVERSATION_NOT_FOUND',
      isHot: true,
      async ask(id, claims): Promise<[string, string] | undefined> {
        const conversation = read(v.optional(ConversationDto), await api.get(`/api/conversations/${id}`, claims))
        return conversation && [claims.sub, conversation.with.userId]
      },
    }),
  }
}

/** An answer of another shape is a fault of ours, not of the user's. */
function read<S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> {
  const parsed = v.safeParse(schema, value)
  if (parsed.success) return parsed.output
  throw new AppError('INTERNAL', {}, undefined, { cause: new v.ValiError(parsed.issues) })
}

/** A text that is not there is left out, not sent as null. */
function present<K extends string>(name: K, text: string | null | undefined): { [P in K]?: string } {
  return typeof text === 'string' ? ({ [name]: text } as { [P in K]?: string }) : {}
}
