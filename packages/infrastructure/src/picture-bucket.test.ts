import { expect, test } from 'bun:test'
import { createBucket } from './picture-bucket.ts'

/** Answers ListObjectsV2 two keys at a time. @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
function serveListing(keys: string[]) {
  const asked: (string | null)[] = []
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request) {
      const { searchParams } = new URL(request.url)
      const after = searchParams.get('start-after')
      asked.push(after)
      const rest = keys.filter((key) => key > (after ?? ''))
      const contents = rest.slice(0, 2).map((key) => {
        return `<Contents><Key>${key}</Key><LastModified>2026-03-01T12:00:00.000Z</LastModified><Size>1</Size></Contents>`
      })
      return new Response(
        `<?xml version="1.0" encoding="UTF-8"?>
        <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>pictures</Name>
        <IsTruncated>${rest.length > 2}</IsTruncated>${contents.join('')}</ListBucketResult>`,
        { headers: { 'content-type': 'application/xml' } },
      )
    },
  })
  const bucket = createBucket(`http://id:secret@127.0.0.1:${server.port}/pictures`)
  return { bucket, asked, close: () => server.stop(true) }
}

test('a listing goes on behind the last key of a page, and leaves out what is no picture of ours', async () => {
  const { bucket, asked, close } = serveListing(['ab/1.webp', 'ab/2.jpg', 'backup/x.webp', 'backup/y.webp', 'cd/3.png'])
  const pages = await Array.fromAsync(bucket.list())
  await close()
  expect(pages.map((page) => page.map(({ key }) => key))).toEqual([['ab/1.webp', 'ab/2.jpg'], [], ['cd/3.png']])
  expect(pages[0]?.[0]?.modifiedAt).toEqual(new Date('2026-03-01T12:00:00Z'))
  expect(asked).toEqual([null, 'ab/2.jpg', 'backup/y.webp'])
})

test('an empty bucket has one empty page', async () => {
  const { bucket, close } = serveListing([])
  expect(await Array.fromAsync(bucket.list())).toEqual([[]])
  await close()
})
