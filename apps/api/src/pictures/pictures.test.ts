import { expect, test } from 'bun:test'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { pictureFormat } from './format.ts'
import { aPicture } from '../testing-pictures.ts'
import { createPictures, withPicture } from './pictures.ts'
import { createReencode } from './reencode.ts'
import { createFolder } from '@mopl/infrastructure/picture-storage'

const latin1 = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'))

test.each([
  ['\x89PNG\r\n\x1a\n...', 'png'],
  ['\xff\xd8\xff\xe0..', 'jpg'],
  ['GIF87a', 'gif'],
  ['GIF89a..', 'gif'],
  ['RIFF\x10\0\0\0WEBPVP8 ', 'webp'],
  ['RIFF\x10\0\0\0WAVEfmt ', undefined],
  ['<svg onload=alert(1)>', undefined],
  ['#!/bin/sh', undefined],
  ['', undefined],
])('the first bytes %p make it %p', (bytes, format) => {
  expect(pictureFormat(latin1(bytes))).toBe(format as ReturnType<typeof pictureFormat>)
})

test('a picture whose row could not be written is removed again', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'mopl-pictures-'))
  const pictures = createPictures({
    storage: createFolder(directory),
    reencode: createReencode(),
    log: pino({ level: 'silent' }),
  })
  const saving = withPicture(pictures, new Blob([await aPicture('gif')]), async (key) => {
    expect(await readdir(join(directory, key!.slice(0, 2)))).toEqual([key!.slice(3)])
    throw new Error('the transaction failed')
  })
  expect(await saving.catch(String)).toBe('Error: the transaction failed')
  const left = await readdir(directory, { recursive: true, withFileTypes: true })
  expect(left.filter((entry) => entry.isFile())).toEqual([])
  await rm(directory, { recursive: true })
})
