/**
 * `/actuator/*`: liveness, readiness, metrics. Liveness says that the process turns, whatever its dependencies do;
 * readiness asks each of them.
 */
import { createServer } from 'node:http'
import type { Registry } from 'prom-client'

export type Check = () => Promise<unknown>
export type ActuatorAnswer = { status: number; contentType: string; body: string }

const checkTimeoutMs = 2_000

export class Health {
  readonly #checks: Record<string, Check>
  readonly #metrics: Registry
  #stopping = false

  constructor(metrics: Registry, checks: Record<string, Check>) {
    this.#metrics = metrics
    this.#checks = checks
  }

  /** From now on not ready, so that nobody sends anything new while the process finishes what it has in hand. */
  stopping(): void {
    this.#stopping = true
  }

  /** The answer to a GET of an actuator path; `undefined` for any other path. */
  async answer(path: string): Promise<ActuatorAnswer | undefined> {
    switch (path) {
      case '/actuator/health/liveness':
        return json(200, { status: 'UP' })
      case '/actuator/health/readiness':
        return this.#readiness()
      case '/actuator/prometheus':
        return { status: 200, contentType: this.#metrics.contentType, body: await this.#metrics.metrics() }
      default:
        return undefined
    }
  }

  async #readiness(): Promise<ActuatorAnswer> {
    const components = Object.fromEntries(
      await Promise.all(Object.entries(this.#checks).map(async ([name, check]) => [name, await isUp(check)] as const)),
    )
    const up = !this.#stopping && Object.values(components).every((state) => state === 'UP')
    return json(up ? 200 : 503, { status: this.#stopping ? 'OUT_OF_SERVICE' : up ? 'UP' : 'DOWN', components })
  }
}

async function isUp(check: Check): Promise<'UP' | 'DOWN'> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'DOWN'>((resolve) => {
    timer = setTimeout(() => resolve('DOWN'), checkTimeoutMs)
  })
  const answer = check().then(
    () => 'UP' as const,
    () => 'DOWN' as const,
  )
  return Promise.race([answer, late]).finally(() => clearTimeout(timer))
}

function json(status: number, value: unknown): ActuatorAnswer {
  return { status, contentType: 'application/json', body: JSON.stringify(value) }
}

/** Serves the actuator alone: for apps without any other HTTP interface. */
export async function serveActuator(
  health: Health,
  port: number,
  host: string,
): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname
    health.answer(path).then(
      (answer) => {
        if (answer === undefined) response.writeHead(404).end()
        else response.writeHead(answer.status, { 'content-type': answer.contentType }).end(answer.body)
      },
      () => response.writeHead(500).end(),
    )
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
