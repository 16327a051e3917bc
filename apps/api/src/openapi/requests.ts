/** The bodies of requests, by the names that clients know them by. */
import { PasswordReset, SignIn } from '../auth/schemas.ts'
import { ContentChange, NewContent } from '../contents/schemas.ts'
import { NewConversation } from '../conversations/schemas.ts'
import { Followee } from '../follows/schemas.ts'
import { NewPlaylist, PlaylistChange } from '../playlists/schemas.ts'
import { NewReview, ReviewChange } from '../reviews/schemas.ts'
import { LockChange, NewUser, PasswordChange, ProfileChange, RoleChange } from '../users/schemas.ts'
import { content, otherUserId, playlist, review, user } from './examples.ts'
import { named } from './named.ts'

const password = '모두의 플리 2025'
const { title, description, tags, type } = content

export const requests = {
  SignInRequest: named(SignIn, { username: user.email, password }),
  ResetPasswordRequest: named(PasswordReset, { email: user.email }),
  UserCreateRequest: named(NewUser, { name: user.name, email: user.email, password }),
  UserUpdateRequest: named(ProfileChange, { name: '새 이름' }),
  UserRoleUpdateRequest: named(RoleChange, { role: 'ADMIN' }),
  UserLockUpdateRequest: named(LockChange, { locked: true }),
  ChangePasswordRequest: named(PasswordChange, { password }),
  ContentCreateRequest: named(NewContent, { type, title, description, tags }),
  ContentUpdateRequest: named(ContentChange, { title, tags }),
  ReviewCreateRequest: named(NewReview, { contentId: content.id, rating: review.rating, text: review.text }),
  ReviewUpdateRequest: named(ReviewChange, { rating: 5 }),
  PlaylistCreateRequest: named(NewPlaylist, { title: playlist.title, description: playlist.description }),
  PlaylistUpdateRequest: named(PlaylistChange, { title: '주말에 볼 것' }),
  FollowRequest: named(Followee, { followeeId: otherUserId }),
  ConversationCreateRequest: named(NewConversation, { withUserId: otherUserId }),
}
