/** Text as it may come in. */
import { limits } from '@mopl/contracts/scalars'
import * as v from 'valibot'

/** PostgreSQL's `text` holds every character but NUL; half a surrogate pair is no character. */
export const Storable = v.pipe(
  v.string(),
  v.check((value) => !value.includes('\0') && value.isWellFormed(), '사용할 수 없는 문자가 있습니다.'),
)

/** Trimmed text of `min` to `max` characters, counted as PostgreSQL's `length()` does: in code points. */
export function text({ min = 0, max }: { min?: number; max: number }) {
  return v.pipe(
    Storable,
    v.trim(),
    hasLength(min, max),
    v.metadata({ ...(min > 0 && { minLength: min }), maxLength: max }),
  )
}

/** A search term in a query string. */
export const Keyword = v.pipe(text({ min: 1, max: 100 }), v.description('검색 키워드'))

/** A password that is being set: not trimmed, since every character of it counts. */
export const NewPassword = v.pipe(
  Storable,
  hasLength(limits.password.min, limits.password.max),
  v.metadata({ minLength: limits.password.min, maxLength: limits.password.max, format: 'password' }),
)

function hasLength(min: number, max: number) {
  const reason = min === 0 ? `${max}자 이하여야 합니다.` : `${min}자 이상 ${max}자 이하여야 합니다.`
  return v.check((value: string) => {
    const { length } = Array.from(value)
    return length >= min && length <= max
  }, reason)
}
