/** What comes in and goes out of users. */
import { Role } from '@mopl/contracts/access-token'
import { Instant, limits, Uuid } from '@mopl/contracts/scalars'
import * as v from 'valibot'
import { NewPassword, text } from '../http/text.ts'

export const UserId = v.object({ userId: Uuid })

const Email = v.pipe(text({ max: limits.email.max }), v.email())

export const NewUser = v.object({ name: text(limits.name), email: Email, password: NewPassword })
export type NewUser = v.InferOutput<typeof NewUser>

export const RoleChange = v.object({ role: Role })
export const LockChange = v.object({ locked: v.boolean() })
export const PasswordChange = v.object({ password: NewPassword })

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
