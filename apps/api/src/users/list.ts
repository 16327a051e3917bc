/** All users, for admins. */
import type { Sql } from '@mopl/infrastructure/postgres'
import { users } from '@mopl/infrastructure/tables'
import { and, eq } from 'drizzle-orm'
import { contains } from '../http/keyword.ts'
import { keyset, type Page, toPage } from '../http/page.ts'
import { type UserDto, type UserQuery, userSorts } from './schemas.ts'
import { toUserDto, userColumns } from './users.ts'

export async function listUsers(db: Sql, query: UserQuery): Promise<Page<UserDto>> {
  const { cursor, after, orderBy, limit } = keyset(query, userSorts, users.id)
  const filter = and(
    query.emailLike === undefined ? undefined : contains(users.email, query.emailLike),
    query.roleEqual && eq(users.role, query.roleEqual),
    query.isLocked === undefined ? undefined : eq(users.isLocked, query.isLocked),
  )
  const [rows, totalCount] = await Promise.all([
    db
      .select({ ...userColumns, cursor })
      .from(users)
      .where(and(filter, after))
      .orderBy(...orderBy)
      .limit(limit),
    db.$count(users, filter),
  ])
  return toPage(query, rows, totalCount, toUserDto)
}
