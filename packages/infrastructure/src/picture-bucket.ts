/**
 * Pictures in S3, or in whatever speaks its protocol. The client is Bun's, so that this file, alone in this package, is
 * for the apps that Bun runs: api and batch.
 */
import { AppError } from '@mopl/contracts/errors'
import { S3Client, type S3ListObjectsResponse } from 'bun'
import * as v from 'valibot'
import { Required } from './config.ts'
import { createFolder, isPictureKey, type PictureStorage, pictureType } from './picture-storage.ts'
import { within } from './within.ts'

/** Unlike a folder, it is not nginx that can read it: it is served through the api. */
export type Bucket = PictureStorage & {
  /** `undefined` when there is none. @throws {AppError} UNAVAILABLE, as do the others */
  read(key: string): Promise<Uint8Array<ArrayBuffer> | undefined>
}

export const PicturesEnv = v.object({
  /** Where pictures are kept; nginx serves it. */
  MEDIA_DIR: Required,
  /** A bucket that keeps the pictures instead: `https://<key id>:<secret>@<host>/<bucket>?region=<region>`. */
  S3_URL: v.optional(
    v.pipe(
      v.string(),
      v.check((text) => text === '' || isBucketUrl(text), 'must be https://<key id>:<secret>@<host>/<bucket>'),
    ),
    '',
  ),
})

/** The one that is configured. */
export function createPictureStorage({ MEDIA_DIR, S3_URL }: v.InferOutput<typeof PicturesEnv>): PictureStorage {
  return S3_URL === '' ? createFolder(MEDIA_DIR) : createBucket(S3_URL)
}

const timeoutMs = 10_000

/** @param url `https://<key id>:<secret>@<host>/<bucket>?region=<region>`, as `isBucketUrl` accepts it */
export function createBucket(url: string): Bucket {
  const { protocol, host, username, password, pathname, searchParams } = new URL(url)
  const client = new S3Client({
    endpoint: `${protocol}//${host}`,
    bucket: pathname.slice(1),
    region: searchParams.get('region') ?? 'us-east-1',
    accessKeyId: decodeURIComponent(username),
    secretAccessKey: decodeURIComponent(password),
  })
  return {
    put: async (key, picture) => void (await available(client.write(key, picture, { type: pictureType(key) }))),
    remove: (key) => available(client.delete(key)),
    read: (key) => available(client.file(key).bytes().catch(ignoreMissing)),
    async *list() {
      let startAfter = ''
      for (let isMore = true; isMore;) {
        const page = await available(client.list(startAfter === '' ? {} : { startAfter }))
        yield picturesOf(page)
        const last = page.contents?.at(-1)?.key
        isMore = page.isTruncated === true && last !== undefined
        startAfter = last ?? ''
      }
    },
  }
}

function picturesOf({ contents = [] }: S3ListObjectsResponse) {
  return contents.flatMap(({ key, lastModified }) =>
    isPictureKey(key) && lastModified !== undefined ? [{ key, modifiedAt: new Date(lastModified) }] : [],
  )
}

export function isBucketUrl(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return false
  return url.username !== '' && url.password !== '' && /^\/[a-z0-9][a-z0-9.-]+$/.test(url.pathname)
}

/** The client has no deadline of its own, and its errors may name the bucket and the key. */
async function available<T>(answer: Promise<T>): Promise<T> {
  return within(answer, timeoutMs, 'the bucket is late').catch((cause: unknown) => {
    throw new AppError('UNAVAILABLE', {}, undefined, { cause })
  })
}

function ignoreMissing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'NoSuchKey') return undefined
  throw error
}
