/** Hono's router, which remembers where a path without parameters leads: to most lists, which are asked for most. */
import type { H, RouterRoute } from 'hono/types'
import type { Result, Router } from 'hono/router'
import { TrieRouter } from 'hono/router/trie-router'

type Layer = [H, RouterRoute]

export function createRouter(): Router<Layer> {
  const router = new TrieRouter<Layer>()
  const known = new Map<string, Result<Layer>>()
  return {
    name: 'remembering',
    add: (method, path, layer) => router.add(method, path, layer),
    match(method, path) {
      const request = `${method} ${path}`
      const before = known.get(request)
      if (before !== undefined) return before
      const found = router.match(method, path)
      // No more than there are routes: whatever has parameters could be anything.
      if (request === routeOf(found)) known.set(request, found)
      return found
    },
  }
}

/** Of the last layer, as it was mounted. */
function routeOf([layers]: Result<Layer>): string | undefined {
  const [, route] = layers.at(-1)?.[0] ?? []
  return route && `${route.method} ${route.path}`
}
