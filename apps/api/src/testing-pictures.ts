/** Pictures for tests: real ones, made here, so that the file says what is in them. */
import sharp, { type Sharp } from 'sharp'

export type Format = 'png' | 'jpeg' | 'gif' | 'webp'

/** One colour; small unless told otherwise. */
export function aPicture(format: Format, { width = 4, height = 3 } = {}): Promise<Uint8Array<ArrayBuffer>> {
  return bytesOf(canvas(width, height).toFormat(format))
}

export function canvas(width: number, height: number): Sharp {
  return sharp({ create: { width, height, channels: 3, background: '#8a2be2' }, limitInputPixels: false })
}

export async function bytesOf(picture: Sharp): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await picture.toBuffer())
}
