/**
 * What we serve is never what was sent: the picture is decoded and written anew, so that neither metadata (where it was
 * taken, a thumbnail of what was cropped away) nor anything hidden behind the pixels survives.
 */
import { AppError } from '@mopl/contracts/errors'
import sharp from 'sharp'
import { createBound } from '../bounded.ts'
import { pictureFormat } from './format.ts'

/** Larger than what a phone takes, smaller than what would hurt: decoded rows are kept for the height of one only. */
const maxPixels = 40_000_000
/** The longer side of what we keep. */
const maxSide = 1_600
const timeoutSeconds = 10

/**
 * @returns WebP, upright, no side longer than 1600 pixels; of an animation the first picture
 * @throws {AppError} UNSUPPORTED_MEDIA_TYPE unless it is a whole PNG, JPEG, GIF or WebP; PAYLOAD_TOO_LARGE beyond 40
 * megapixels; TOO_MANY_REQUESTS when too many are waiting
 */
export type Reencode = (bytes: Uint8Array) => Promise<Uint8Array>

export function createReencode({ running = 2, waiting = 16 } = {}): Reencode {
  const bounded = createBound(running, waiting)
  // One thread each, and no memory for pictures that nobody sends twice.
  sharp.concurrency(1)
  sharp.cache(false)
  return (bytes) => bounded(() => reencode(bytes))
}

async function reencode(bytes: Uint8Array): Promise<Uint8Array> {
  // libvips reads many formats; by the first bytes these four get to it.
  if (pictureFormat(bytes) === undefined) throw new AppError('UNSUPPORTED_MEDIA_TYPE')
  const { width, height } = await sharp(bytes, { limitInputPixels: false }).metadata().catch(unreadable)
  if (width * height > maxPixels) throw new AppError('PAYLOAD_TOO_LARGE')
  return sharp(bytes, { limitInputPixels: maxPixels, sequentialRead: true })
    .autoOrient()
    .resize({ width: maxSide, height: maxSide, fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 82 })
    .timeout({ seconds: timeoutSeconds })
    .toBuffer()
    .catch(unreadable)
}

function unreadable(cause: unknown): never {
  throw new AppError('UNSUPPORTED_MEDIA_TYPE', {}, undefined, { cause })
}
