/** The bodies of answers, by the names that clients know them by. */
import type { ErrorBody } from '@mopl/contracts/errors'
import {
  ContentSummary,
  DirectMessageDto,
  NotificationDto,
  UserSummary,
  WatchingSessionDto,
} from '@mopl/contracts/realtime'
import * as v from 'valibot'
import { JwtDto } from '../auth/schemas.ts'
import { ContentDto, ContentPage } from '../contents/schemas.ts'
import { ConversationDto, ConversationPage, MessagePage } from '../conversations/schemas.ts'
import { FollowDto } from '../follows/schemas.ts'
import { NotificationPage } from '../notifications/schemas.ts'
import { PlaylistDto, PlaylistPage } from '../playlists/schemas.ts'
import { ReviewDto, ReviewPage } from '../reviews/schemas.ts'
import { UserDto, UserPage } from '../users/schemas.ts'
import { WatchingSessionPage } from '../watching-sessions/schemas.ts'
import * as example from './examples.ts'
import { named } from './named.ts'

export const ErrorResponse = v.object({
  exceptionName: v.pipe(v.string(), v.description('오류의 이름')),
  message: v.pipe(v.string(), v.description('오류 메시지')),
  details: v.pipe(v.record(v.string(), v.string()), v.description('항목별 이유. 보낸 값은 담지 않습니다.')),
}) satisfies v.GenericSchema<Omit<ErrorBody, 'exceptionName'> & { exceptionName: string }>

export const answers = {
  ErrorResponse: named(ErrorResponse, example.error),
  UserSummary: named(UserSummary, example.userSummary),
  UserDto: named(UserDto, example.user),
  CursorResponseUserDto: named(UserPage, example.pageOf(example.user, 'createdAt')),
  JwtDto: named(JwtDto, { userDto: example.user, accessToken: 'eyJhbGciOiJIUzI1NiJ9.…' }),
  ContentSummary: named(ContentSummary, example.contentSummary),
  ContentDto: named(ContentDto, example.content),
  CursorResponseContentDto: named(ContentPage, example.pageOf(example.content, 'createdAt')),
  ReviewDto: named(ReviewDto, example.review),
  CursorResponseReviewDto: named(ReviewPage, example.pageOf(example.review, 'createdAt')),
  PlaylistDto: named(PlaylistDto, example.playlist),
  CursorResponsePlaylistDto: named(PlaylistPage, example.pageOf(example.playlist, 'updatedAt')),
  WatchingSessionDto: named(WatchingSessionDto, example.watchingSession),
  CursorResponseWatchingSessionDto: named(WatchingSessionPage, example.pageOf(example.watchingSession, 'createdAt')),
  FollowDto: named(FollowDto, example.follow),
  DirectMessageDto: named(DirectMessageDto, example.directMessage),
  CursorResponseDirectMessageDto: named(MessagePage, example.pageOf(example.directMessage, 'createdAt')),
  ConversationDto: named(ConversationDto, example.conversation),
  CursorResponseConversationDto: named(ConversationPage, example.pageOf(example.conversation, 'createdAt')),
  NotificationDto: named(NotificationDto, example.notification),
  CursorResponseNotificationDto: named(NotificationPage, example.pageOf(example.notification, 'createdAt')),
}
