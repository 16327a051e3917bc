/**
 * `list` and one more item. Unlike `push` and spreading, which reserve room for sixteen more, this reserves none: there are
 * very many short lists, each connection has some.
 */
export function appended<T extends object>(list: readonly T[], item: T): readonly T[] {
  return list.concat(item)
}
