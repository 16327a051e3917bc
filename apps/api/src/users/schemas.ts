/** What comes in and goes out of users. */
import { Role } from '@mopl/contracts/access-token'
import { Instant, limits, Uuid } from '@mopl/contracts/scalars'
import { users } from '@mopl/infrastructure/tables'
import * as v from 'valibot'
import type { Sort } from '../http/keyset.ts'
import { pageOf, pageQuery } from '../http/page.ts'
import { Keyword, NewPassword, text } from '../http/text.ts'

export const UserId = v.object({ userId: Uuid })

const Email = v.pipe(text({ max: limits.email.max }), v.email())

export const NewUser = v.object({ name: text(limits.name), email: Email, password: NewPassword })
export type NewUser = v.InferOutput<typeof NewUser>

export const ProfileChange = v.object({ name: v.optional(NewUser.entries.name) })
export type ProfileChange = v.InferOutput<typeof ProfileChange>

export const RoleChange = v.object({ role: Role })
export const LockChange = v.object({ locked: v.boolean() })
export const PasswordChange = v.object({ password: NewPassword })

export const userSorts = {
  name: { column: users.name, type: 'text' },
  email: { column: users.email, type: 'text' },
  createdAt: { column: users.createdAt, type: 'timestamptz' },
  isLocked: { column: users.isLocked, type: 'boolean' },
  role: { column: users.role, type: 'text' },
} satisfies Record<string, Sort>

export const UserQuery = v.object({
  ...pageQuery(['name', 'email', 'createdAt', 'isLocked', 'role']),
  emailLike: v.optional(v.pipe(Keyword, v.description('이메일'))),
  roleEqual: v.optional(v.pipe(Role, v.description('권한'))),
  isLocked: v.optional(
    v.pipe(
      v.string(),
      v.check((text) => text === 'true' || text === 'false', 'true 또는 false여야 합니다.'),
      v.metadata({ type: 'boolean', description: '계정 잠금 상태' }),
      v.transform((text) => text === 'true'),
    ),
  ),
})
export type UserQuery = v.InferOutput<typeof UserQuery>

export const UserDto = v.object({
  id: Uuid,
  createdAt: Instant,
  email: v.string(),
  name: v.string(),
  profileImageUrl: v.optional(v.string()),
  role: Role,
  locked: v.boolean(),
})
export type UserDto = v.InferOutput<typeof UserDto>

export const UserPage = pageOf(UserDto)
