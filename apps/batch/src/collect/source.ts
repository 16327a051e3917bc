/** A catalogue outside, read page by page. */
import type { ContentType } from '@mopl/contracts/realtime'
import { limits } from '@mopl/contracts/scalars'
import type { Client } from './client.ts'

/** A content as a source has it. `externalId` is unique within the type. */
export type Collected = {
  externalId: string
  type: ContentType
  title: string
  description: string
  tags: string[]
  posterUrl: string | undefined
}

/** `position` names the step over runs; when one step of a `group` is the last, the rest of the group is left out. */
export type Step = { position: string; group: string }

export type Page = {
  items: Collected[]
  /** Entries that are not what the interface promises. */
  unusable: number
  isLast: boolean
}

export type Source = {
  steps: readonly Step[]
  read(step: Step): Promise<Page>
  posters: Client
}

const maxTags = 20

/** Fits what a source says into the limits of the contract; `undefined` for what has no title. */
export function fitted(item: Collected): Collected | undefined {
  const title = fit(item.title, limits.title.max)
  if (title === '') return undefined
  const tags = item.tags.map((tag) => fit(tag, limits.tag.max)).filter((tag) => tag !== '')
  return {
    ...item,
    title,
    description: fit(item.description, limits.description.max),
    // Bun's fetch reads files as well.
    posterUrl: /^https?:\/\//.test(item.posterUrl ?? '') ? item.posterUrl : undefined,
    tags: [...new Set(tags)].slice(0, maxTags),
  }
}

/** In characters as PostgreSQL counts them, which takes neither NUL nor half a surrogate pair. */
function fit(text: string, maxCharacters: number): string {
  const characters = Array.from(text.replaceAll(/[\0\p{Surrogate}]/gu, '').trim())
  return characters.slice(0, maxCharacters).join('').trim()
}
