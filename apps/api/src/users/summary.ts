/** How a user appears inside something else. */
import type { UserSummary } from '@mopl/contracts/realtime'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { mediaUrl } from '../pictures/urls.ts'

/** The columns to select, from `users` or an alias of it. */
export function userSummaryColumns<I extends PgColumn, N extends PgColumn, K extends PgColumn>(table: {
  id: I
  name: N
  profileImageKey: K
}) {
  return { id: table.id, name: table.name, profileImageKey: table.profileImageKey }
}

export function toUserSummary(user: { id: string; name: string; profileImageKey: string | null }): UserSummary {
  const { id, name, profileImageKey } = user
  return profileImageKey === null
    ? { userId: id, name }
    : { userId: id, name, profileImageUrl: mediaUrl(profileImageKey) }
}
