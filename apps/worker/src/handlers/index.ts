/** Every event and what it sets in motion. An event that nobody thought about does not compile. */
import type { EventType } from '@mopl/contracts/events'
import { contentCache } from './content-cache.ts'
import { contentRating } from './content-rating.ts'
import { deletedContent } from './deleted-content.ts'
import { directMessages } from './direct-messages.ts'
import type { Handler } from './handler.ts'
import {
  notifyFollowee,
  notifyFollowersOfPlaylist,
  notifyFollowersOfWatching,
  notifyOwner,
  notifyRoleChange,
  notifySubscribers,
} from './notifications.ts'
import { passwordReset } from './password-reset.ts'
import { watching } from './watching.ts'

export const handlers: { [T in EventType]: readonly Handler<T>[] } = {
  'review.created': [contentRating],
  'review.updated': [contentRating],
  'review.deleted': [contentRating],
  'playlist.created': notifyFollowersOfPlaylist,
  'playlist.subscribed': [notifyOwner],
  'playlist.unsubscribed': [],
  'playlist.content-added': notifySubscribers,
  'follow.created': [notifyFollowee],
  'follow.deleted': [],
  'user.registered': [],
  'user.role-changed': [notifyRoleChange],
  'user.locked': [],
  'user.password-reset-requested': [passwordReset],
  'content.created': [contentCache],
  'content.updated': [contentCache],
  'content.deleted': [deletedContent],
  'direct-message.sent': [directMessages],
  'watching-session.started': [watching, ...notifyFollowersOfWatching],
  'watching-session.ended': [watching],
}
