/** A user's name and picture, changed by themselves. */
import { AppError } from '@mopl/contracts/errors'
import type { Db } from '@mopl/infrastructure/postgres'
import { users } from '@mopl/infrastructure/tables'
import { eq } from 'drizzle-orm'
import { type Pictures, withPicture } from '../pictures/pictures.ts'
import type { ProfileChange, UserDto } from './schemas.ts'
import { toUserDto } from './users.ts'

/** What is not named stays. @throws {AppError} USER_NOT_FOUND, UNSUPPORTED_MEDIA_TYPE when the picture is none */
export async function updateProfile(
  { db, pictures }: { db: Db; pictures: Pictures },
  userId: string,
  { name }: ProfileChange,
  picture: Blob | undefined,
): Promise<UserDto> {
  const { user, replacedKey } = await withPicture(pictures, picture, (profileImageKey) =>
    db.transaction(async (tx) => {
      const [before] = await tx.select().from(users).where(eq(users.id, userId)).for('no key update')
      const [user] = await tx
        .update(users)
        .set({ name, profileImageKey, updatedAt: new Date() })
        .where(eq(users.id, userId))
        .returning()
      if (before === undefined || user === undefined) throw new AppError('USER_NOT_FOUND')
      return { user, replacedKey: profileImageKey === undefined ? null : before.profileImageKey }
    }),
  )
  if (replacedKey !== null) await pictures.remove(replacedKey)
  return toUserDto(user)
}
