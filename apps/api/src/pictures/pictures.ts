/** Pictures as files, which nginx serves. The key in the row is the path under the directory. */
import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AppError } from '@mopl/contracts/errors'
import type { Log } from '@mopl/infrastructure/log'
import { pictureFormat } from './format.ts'

export type Pictures = {
  /** @returns the key. @throws {AppError} UNSUPPORTED_MEDIA_TYPE unless the bytes are PNG, JPEG, GIF or WebP */
  store(picture: Blob): Promise<string>
  /** Never fails: a file that stays behind is an orphan, which cleanup removes. */
  remove(key: string): Promise<void>
}

export function createPictures(directory: string, log: Log): Pictures {
  return {
    async store(picture) {
      const bytes = new Uint8Array(await picture.arrayBuffer())
      const format = pictureFormat(bytes)
      if (format === undefined) throw new AppError('UNSUPPORTED_MEDIA_TYPE')
      // A random id: a picture's address cannot be guessed, and the 256 folders fill evenly.
      const id = randomUUID()
      const key = `${id.slice(0, 2)}/${id}.${format}`
      const path = join(directory, key)
      await mkdir(dirname(path), { recursive: true })
      await writeFile(`${path}.part`, bytes)
      await rename(`${path}.part`, path)
      return key
    },

    async remove(key) {
      await rm(join(directory, key), { force: true }).catch((err: unknown) =>
        log.warn({ err, key }, 'picture not removed'),
      )
    },
  }
}

/**
 * Runs `save` with the key of the stored picture (`undefined` when there is none); when `save` fails the file is removed
 * again, so that every file is in a row.
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
    await pictures.remove(key)
    throw error
  }
}
