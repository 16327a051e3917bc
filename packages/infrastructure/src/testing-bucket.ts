/** For tests: a server that speaks S3's protocol, with one empty bucket. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import S3rver from '@20minutes/s3rver'

export type TestBucket = {
  port: number
  /** As `S3_URL` has it. */
  url: string
  close(): Promise<void>
}

/**
 * @param isLenient takes wrong signatures, too: this server forgets the slash at the end of `/pictures/` when it checks
 * one, so that it refuses to list, which S3 asks for under just that path
 */
export async function startTestBucket({ isLenient = false } = {}): Promise<TestBucket> {
  const directory = await mkdtemp(join(tmpdir(), 'mopl-s3-'))
  const server = new S3rver({
    address: '127.0.0.1',
    port: 0,
    directory,
    silent: true,
    allowMismatchedSignatures: isLenient,
    configureBuckets: [{ name: 'pictures' }],
  })
  const { port } = await server.run()
  return {
    port,
    url: `http://S3RVER:S3RVER@127.0.0.1:${port}/pictures`,
    async close() {
      await server.close()
      await rm(directory, { recursive: true })
    },
  }
}
