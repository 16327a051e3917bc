/** Where pictures are kept: a folder that nginx serves, or a bucket. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** A key is a path of one folder and one file, `ab/<id>.webp`. */
export type PictureStorage = {
  /** Whole or not at all. */
  put(key: string, picture: Uint8Array): Promise<void>
  /** What is not there is fine. */
  remove(key: string): Promise<void>
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
  }
}
