/** Where pictures are kept: a folder that nginx serves, or a bucket (`picture-bucket.ts`). */
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

export type StoredPicture = { key: string; modifiedAt: Date }

/** A key is a path of one folder and one file, `ab/<id>.webp`; anything else there is none of ours. */
export type PictureStorage = {
  /** Whole or not at all. */
  put(key: string, picture: Uint8Array): Promise<void>
  /** What is not there is fine. */
  remove(key: string): Promise<void>
  /** All there are, a page at a time; what is removed meanwhile may be missing. */
  list(): AsyncIterable<StoredPicture[]>
}

const types = { webp: 'image/webp', jpg: 'image/jpeg', png: 'image/png', gif: 'image/gif' } as const

export type PictureExtension = keyof typeof types
export const pictureExtensions = Object.keys(types) as PictureExtension[]

/** The media type of what stands under a key. */
export function pictureType(key: string): string {
  const extension = pictureExtensions.find((each) => key.endsWith(`.${each}`))
  return extension === undefined ? 'application/octet-stream' : types[extension]
}

export function isPictureKey(path: string): boolean {
  return /^[0-9a-f]{2}\/[^/]+$/.test(path)
}

export function createFolder(directory: string): PictureStorage {
  return {
    async put(key, picture) {
      const path = join(directory, key)
      await mkdir(dirname(path), { recursive: true })
      await writeFile(`${path}.part`, picture)
      await rename(`${path}.part`, path)
    },
    remove: (key) => rm(join(directory, key), { force: true }),
    async *list() {
      for (const folder of (await namesIn(directory)).toSorted()) {
        const keys = /^[0-9a-f]{2}$/.test(folder) ? await namesIn(join(directory, folder)) : []
        for (let start = 0; start < keys.length; start += pageFiles)
          yield await filesOf(
            directory,
            keys.slice(start, start + pageFiles).map((name) => `${folder}/${name}`),
          )
      }
    },
  }
}

const pageFiles = 500

async function filesOf(directory: string, keys: string[]): Promise<StoredPicture[]> {
  const files = await Promise.all(keys.map((key) => unlessMissing(stat(join(directory, key)))))
  return keys.flatMap((key, index) => {
    const file = files[index]
    return file?.isFile() === true ? [{ key, modifiedAt: file.mtime }] : []
  })
}

async function namesIn(folder: string): Promise<string[]> {
  return (await unlessMissing(readdir(folder))) ?? []
}

/** The folder appears with the first picture, and others remove files beside us. */
async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
