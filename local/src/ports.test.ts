import { expect, test } from 'bun:test'
import { createServer } from 'node:net'
import { freePort, isPortFree } from './ports.ts'

test('a chosen port can be listened on', async () => {
  const port = await freePort()
  const server = Bun.serve({ port, hostname: '127.0.0.1', fetch: () => new Response('here') })
  expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe('here')
  await server.stop(true)
})

test('a port that somebody listens on is not free', async () => {
  const port = await freePort()
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  expect(await isPortFree(port)).toBe(false)
  await new Promise((resolve) => server.close(resolve))
  expect(await isPortFree(port)).toBe(true)
})
