/** Pictures in S3, or in whatever speaks its protocol. */
import { AppError } from '@mopl/contracts/errors'
import { within } from '@mopl/infrastructure/within'
import { S3Client } from 'bun'
import type { PictureStorage } from './storage.ts'

/** Unlike a folder, it is not nginx that can read it: it is served through the api. */
export type Bucket = PictureStorage & {
  /** `undefined` when there is none. @throws {AppError} UNAVAILABLE, as do the others */
  read(key: string): Promise<Uint8Array<ArrayBuffer> | undefined>
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
    put: async (key, picture) => void (await available(client.write(key, picture, { type: 'image/webp' }))),
    remove: (key) => available(client.delete(key)),
    read: (key) => available(client.file(key).bytes().catch(ignoreMissing)),
  }
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
