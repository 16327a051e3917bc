/** All users, for admins. */
import type { Sql } from '@mopl/infrastructure/postgres'
import { users } from '@mopl/infrastructure/tables'
import { and, eq } from 'drizzle-orm'
import { contains, type Search, searchFor, searching } from '../http/keyword.ts'
import { type Page, toPage } from '../http/page.ts'
import { paged } from '../http/paged.ts'
import { countAll, countWhere } from '../http/total-count.ts'
import { type UserDto, type UserQuery, userSorts } from './schemas.ts'
import { toUserDto, userColumns } from './users.ts'

export async function listUsers(db: Sql, query: UserQuery): Promise<Page<UserDto>> {
  const { rows, totalCount } = await readUsers(db, { ...query, ...searchFor(query.emailLike) })
  return toPage(query, rows, totalCount, toUserDto)
}

const readUsers = paged<UserQuery & Search>({
  sorts: userSorts,
  id: users.id,
  // Admins are few, and so are those who are locked.
  selective: [...searching, 'roleEqual', 'isLocked'],
})((db, asked, { cursor, after, orderBy, limit }) => {
  const filter = and(
    contains(users.email, asked),
    asked.roleEqual && eq(users.role, asked.roleEqual),
    asked.isLocked && eq(users.isLocked, asked.isLocked),
  )
  const totalCount = filter === undefined ? countAll(users) : countWhere(users, filter)
  return db
    .select({ ...userColumns, cursor, totalCount })
    .from(users)
    .where(and(filter, after))
    .orderBy(...orderBy)
    .limit(limit)
})
