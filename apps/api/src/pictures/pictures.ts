/** Pictures: written anew when they come in, kept in a storage under a name of our own. The key stands in the row. */
import { randomUUID } from 'node:crypto'
import type { Log } from '@mopl/infrastructure/log'
import { isPostgresUnavailable } from '@mopl/infrastructure/postgres'
import type { Reencode } from './reencode.ts'
import type { PictureStorage } from '@mopl/infrastructure/picture-storage'

export type Pictures = {
  /** @returns the key. @throws {AppError} as `Reencode`; UNAVAILABLE when the storage is away */
  store(picture: Blob): Promise<string>
  /** Never fails: a picture that stays behind is an orphan, which cleanup removes. */
  remove(key: string): Promise<void>
}

type Deps = { storage: PictureStorage; reencode: Reencode; log: Log }

export function createPictures({ storage, reencode, log }: Deps): Pictures {
  return {
    async store(picture) {
      const bytes = await reencode(new Uint8Array(await picture.arrayBuffer()))
      // A random id: a picture's address cannot be guessed, and the 256 folders fill evenly.
      const id = randomUUID()
      const key = `${id.slice(0, 2)}/${id}.webp`
      await storage.put(key, bytes)
      return key
    },

    async remove(key) {
      await storage.remove(key).catch((err: unknown) => log.warn({ err, key }, 'picture not removed'))
    },
  }
}

/**
 * Runs `save` with the key of the stored picture (`undefined` when there is none); when `save` fails the file is removed
 * again, so that every file is in a row. Not so when the database went away, which may have been after it committed: every
 * row has its file, and one without a row is an orphan, which cleanup removes.
 */
export async function withPicture<T>(
  pictures: Pictures,
  picture: Blob | undefined,
  save: (key: string | undefined) => Promise<T>,
): Promise<T> {
  if (picture === undefined) return save(undefined)
  const key = await pictures.store(picture)
  try {
    return await save(key)
  } catch (error) {
    if (!isPostgresUnavailable(error)) await pictures.remove(key)
    throw error
  }
}
