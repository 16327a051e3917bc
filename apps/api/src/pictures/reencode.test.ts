import { describe, expect, test } from 'bun:test'
import sharp from 'sharp'
import { aPicture, bytesOf, canvas, type Format } from '../testing-pictures.ts'
import { createReencode } from './reencode.ts'

const reencode = createReencode()
const latin1 = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'))
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'none',
    (error: { code: string }) => error.code,
  )

describe('a picture', () => {
  test.each(['png', 'jpeg', 'gif', 'webp'] satisfies Format[])(
    'of %s becomes WebP of the same size',
    async (format) => {
      const { format: kept, width, height } = await sharp(await reencode(await aPicture(format))).metadata()
      expect({ kept, width, height }).toEqual({ kept: 'webp', width: 4, height: 3 })
    },
  )

  test('loses its metadata, and is turned the way it says it should be seen', async () => {
    const place = { IFD0: { Copyright: 'Somebody' }, IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '37/1 33/1 0/1' } }
    const sent = await bytesOf(canvas(40, 20).jpeg().withMetadata({ orientation: 6 }).withExifMerge(place))
    expect(Buffer.from(sent).includes('Somebody')).toBe(true)
    const { width, height, exif: kept, xmp, icc, iptc, orientation } = await sharp(await reencode(sent)).metadata()
    expect({ width, height }).toEqual({ width: 20, height: 40 })
    expect([kept, xmp, icc, iptc, orientation]).toEqual([undefined, undefined, undefined, undefined, undefined])
  })

  test('larger than needed is scaled down in proportion, a smaller one is not blown up', async () => {
    const { width, height } = await sharp(
      await reencode(await aPicture('jpeg', { width: 3_200, height: 800 })),
    ).metadata()
    expect({ width, height }).toEqual({ width: 1_600, height: 400 })
  })

  test('keeps what is transparent', async () => {
    const clear = sharp({ create: { width: 2, height: 2, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } })
    expect((await sharp(await reencode(await bytesOf(clear.png()))).metadata()).hasAlpha).toBe(true)
  })

  test('with something hidden behind its pixels loses it', async () => {
    const script = '<script>alert(1)</script>'
    const sent = Buffer.concat([await aPicture('png'), latin1(script)])
    expect(Buffer.from(await reencode(sent)).includes(script)).toBe(false)
  })
})

describe('refused is', () => {
  test.each([
    ['a script', '<script>alert(1)</script>'],
    ['a script that begins like a PNG', '\x89PNG\r\n\x1a\n<script>alert(1)</script>'],
    ['a script that begins like a GIF', 'GIF89a/*\0*/=1;alert(1)'],
    ['a drawing with a script', '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'],
    ['a page', '%PDF-1.7'],
    ['nothing', ''],
  ])('%s', async (_, bytes) => {
    expect(await codeOf(reencode(latin1(bytes)))).toBe('UNSUPPORTED_MEDIA_TYPE')
  })

  test('half a picture', async () => {
    const whole = await aPicture('jpeg', { width: 400, height: 400 })
    expect(await codeOf(reencode(whole.slice(0, whole.length / 2)))).toBe('UNSUPPORTED_MEDIA_TYPE')
  })

  test('a picture of 50 megapixels, before it takes any memory', async () => {
    const bomb = await aPicture('png', { width: 10_000, height: 5_000 })
    expect(bomb.length).toBeLessThan(1_000_000)
    Bun.gc(true)
    const before = process.memoryUsage.rss()
    expect(await Promise.all(Array.from({ length: 8 }, () => codeOf(reencode(bomb))))).toEqual(
      Array(8).fill('PAYLOAD_TOO_LARGE'),
    )
    expect(process.memoryUsage.rss() - before).toBeLessThan(50 * 1024 * 1024)
  })

  test('a flood, beyond a few running and a few waiting', async () => {
    const narrow = createReencode({ running: 1, waiting: 2 })
    const picture = await aPicture('png')
    const codes = await Promise.all(Array.from({ length: 5 }, () => codeOf(narrow(picture))))
    expect(codes).toEqual(['none', 'none', 'none', 'TOO_MANY_REQUESTS', 'TOO_MANY_REQUESTS'])
  })
})
