/** /media, for pictures in a bucket; those in a folder nginx serves by itself. */
import { AppError } from '@mopl/contracts/errors'
import { Hono } from 'hono'
import type { Env } from '../http/env.ts'
import type { Bucket } from '@mopl/infrastructure/picture-bucket'
import { pictureType } from '@mopl/infrastructure/picture-storage'

export function bucketRoutes(bucket: Bucket) {
  return new Hono<Env>().get('/:folder{[0-9a-f]{2}}/:file{[0-9a-f-]{36}\\.(?:webp|jpg|png|gif)}', async (c) => {
    const { folder, file } = c.req.param()
    const picture = await bucket.read(`${folder}/${file}`)
    if (picture === undefined) throw new AppError('ROUTE_NOT_FOUND')
    // Names of pictures are never given twice.
    return c.body(picture, 200, {
      'Content-Type': pictureType(file),
      'Cache-Control': 'public, max-age=31536000, immutable',
      'Content-Security-Policy': "default-src 'none'; sandbox",
    })
  })
}
