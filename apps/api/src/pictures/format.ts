/** What a picture is, by its first bytes: neither its name nor its declared type can be trusted. */

export type PictureFormat = 'png' | 'jpg' | 'gif' | 'webp'

/** @see https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern */
export function pictureFormat(bytes: Uint8Array): PictureFormat | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 16)).toString('latin1')
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return 'png'
  if (head.startsWith('\xff\xd8\xff')) return 'jpg'
  if (head.startsWith('GIF87a') || head.startsWith('GIF89a')) return 'gif'
  if (head.startsWith('RIFF') && head.slice(8, 14) === 'WEBPVP') return 'webp'
  return undefined
}
