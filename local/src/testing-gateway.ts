/** For tests: the real nginx with the shipped files, before small servers that answer with what reached them. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { errorBody } from '@mopl/contracts/errors'
import { startNginx, type NginxOptions } from './nginx.ts'
import { freePort } from './ports.ts'

export type Gateway = {
  url: string
  options: NginxOptions
  /** The lines of the access log so far, parsed. */
  accessLog(): Record<string, unknown>[]
  close(): Promise<void>
}

/** One api and two socket instances behind the gateway; `change` replaces what nginx is told about them. */
export async function startGateway(change: Partial<NginxOptions> = {}): Promise<Gateway> {
  const directory = mkdtempSync(join(tmpdir(), 'mopl-gateway-'))
  const mediaDir = join(directory, 'media')
  mkdirSync(mediaDir)
  writeFileSync(join(mediaDir, 'poster.png'), 'a picture')
  writeFileSync(join(mediaDir, '.secret'), 'not a picture')
  const [api, ...sockets] = [upstream('api'), upstream('socket-1'), upstream('socket-2')] as const
  const options = {
    directory: join(directory, 'nginx'),
    logDir: join(directory, 'log'),
    port: await freePort(),
    apiPorts: [portOf(api)],
    socketPorts: sockets.map(portOf),
    mediaDir,
    ...change,
  }
  const nginx = await startNginx(options)
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${options.port}`,
    options,
    accessLog: () => {
      const lines = readFileSync(nginx.logPath, 'utf8').trim().split('\n')
      return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Record<string, unknown>)
    },
    close: async () => {
      await nginx.stop()
      await Promise.all([api, ...sockets].map((server) => server.stop(true)))
      rmSync(directory, { recursive: true })
    },
  }
}

function portOf(server: { port: number | undefined }): number {
  if (server.port === undefined) throw new Error('the server listens on no port')
  return server.port
}

function upstream(name: string) {
  return Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request, server) {
      if (server.upgrade(request)) return undefined
      const { pathname, search } = new URL(request.url)
      if (search === '?stream') return new Response(endless('data: first\n\n'))
      if (pathname === '/api/unavailable')
        return new Response('mine', { status: 503, headers: { 'retry-after': '17' } })
      if (pathname.endsWith('/headers')) return Response.json(Object.fromEntries(request.headers))
      if (pathname === '/api/request-id') return new Response(request.headers.get('x-request-id'))
      if (pathname === '/api/forwarded-for') return new Response(request.headers.get('x-forwarded-for'))
      // What the api does with a bucket.
      if (pathname.startsWith('/media/'))
        return pathname === '/media/ab/kept.webp'
          ? new Response('kept in a bucket', {
              headers: { 'cache-control': 'immutable', 'content-type': 'image/webp' },
            })
          : Response.json(errorBody('ROUTE_NOT_FOUND'), { status: 404 })
      return new Response(name)
    },
    websocket: { message: (socket, message) => void socket.send(message) },
  })
}

function endless(first: string): ReadableStream {
  return new ReadableStream({ start: (controller) => controller.enqueue(first) })
}
