import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { migrate } from '@mopl/infrastructure/migrate'
import { startApp, type AppInstance, type LocalSecrets, type Surroundings } from './apps.ts'
import { buildBundles } from './bundles.ts'
import { openDependencies, settleAll, type Dependencies, type External } from './dependencies.ts'
import { startNginx } from './nginx.ts'
import { freePort } from './ports.ts'
import { PartFailed, type RunningProcess } from './processes.ts'

export type SystemOptions = {
  /** Everything the system writes is below; two systems need two. */
  dataDir: string
  secrets: LocalSecrets
  /** The gateway's port; a free one when absent. */
  port?: number
  /** Servers to use instead of starting them. */
  external?: External
  /** Keeps this system's topics and groups apart on a Kafka that others use too. */
  kafkaPrefix?: string
  isDurable?: boolean
  /** Fills the migrated database before any app runs. */
  prepare?: (databaseUrl: string) => Promise<void>
  onProgress?: (line: string) => void
  onStarted?: (process: RunningProcess) => void
  /** Gives up starting; what runs by then is stopped. */
  signal?: AbortSignal | undefined
}

export type System = Dependencies & {
  /** The gateway. */
  url: string
  /** Each instance's own address, with its `/actuator/*`: `api`, `socket-1`, `socket-2`, `worker`, `batch`. */
  appUrls: ReadonlyMap<string, string>
  mediaDir: string
  /** By name; those of external servers are not among them. */
  processes: ReadonlyMap<string, RunningProcess>
  /** Settles when a part ends without having been stopped. */
  partFailed: Promise<PartFailed>
  /** Ends the gateway, then the apps, then what they depend on. */
  stop: () => Promise<void>
}

/**
 * The whole of Mopl on this machine: PostgreSQL, Redis and Kafka, the apps (`socket` twice), nginx in front, every
 * readiness probe green. Several run side by side.
 *
 * @throws {PartFailed} naming the part that did not start, when everything else is stopped again
 */
export async function startSystem(options: SystemOptions): Promise<System> {
  const processes = new Map<string, RunningProcess>()
  const stop = () => stopInOrder([...processes.values()])
  try {
    return await start(options, processes, stop)
  } catch (error) {
    await stop()
    throw error
  }
}

async function start(
  options: SystemOptions,
  processes: Map<string, RunningProcess>,
  stop: () => Promise<void>,
): Promise<System> {
  const { dataDir, secrets, external = {}, isDurable = false, prepare, onProgress = () => {}, signal } = options
  const logDir = join(dataDir, 'log')
  const mediaDir = join(dataDir, 'media')
  mkdirSync(mediaDir, { recursive: true })
  const onStarted = (process: RunningProcess) => {
    processes.set(process.name, process)
    options.onStarted?.(process)
  }

  const built = await buildBundles()
  if (built.length > 0) onProgress(`built ${built.join(', ')}`)
  const dependencies = await openDependencies({ dataDir, logDir, external, isDurable, onProgress, onStarted, signal })
  const applied = await migrate(dependencies.databaseUrl)
  if (applied.length > 0) onProgress(`applied ${applied.join(', ')}`)
  await prepare?.(dependencies.databaseUrl)

  const instances = await chooseInstances()
  const gatewayPort = options.port ?? (await freePort())
  const portsOf = (app: string) => instances.filter((instance) => instance.app === app).map(({ port }) => port)
  const surroundings: Surroundings = {
    ...dependencies,
    kafkaPrefix: options.kafkaPrefix ?? '',
    apiUrl: `http://127.0.0.1:${portsOf('api')[0]}`,
    gatewayPort,
    mediaDir,
    secrets,
  }
  const gateway = { directory: join(dataDir, 'nginx'), logDir, port: gatewayPort, mediaDir, signal }
  await settleAll([
    ...instances.map(async (instance) => {
      onStarted(await startApp(instance, surroundings, { logDir, signal }))
      onProgress(`${instance.name} is up`)
    }),
    startNginx({ ...gateway, apiPorts: portsOf('api'), socketPorts: portsOf('socket') }).then(onStarted),
  ])
  onProgress('nginx is up')

  return {
    ...dependencies,
    url: `http://localhost:${gatewayPort}`,
    appUrls: new Map(instances.map(({ name, port }) => [name, `http://127.0.0.1:${port}`])),
    mediaDir,
    processes,
    ...watchOver(processes, stop),
  }
}

async function chooseInstances(): Promise<AppInstance[]> {
  const instances = [
    { app: 'api', name: 'api' },
    { app: 'socket', name: 'socket-1' },
    { app: 'socket', name: 'socket-2' },
    { app: 'worker', name: 'worker' },
    { app: 'batch', name: 'batch' },
  ] as const
  const chosen: AppInstance[] = []
  for (const instance of instances) chosen.push({ ...instance, port: await freePort() })
  return chosen
}

/** A part that ends is a failure until somebody asked for the end. */
function watchOver(
  processes: Map<string, RunningProcess>,
  stop: () => Promise<void>,
): Pick<System, 'partFailed' | 'stop'> {
  let isStopping = false
  const partFailed = new Promise<PartFailed>((resolve) => {
    for (const { name, exited, logPath } of processes.values()) {
      void exited.then((how) => {
        if (!isStopping) resolve(new PartFailed(name, `ended (${how})`, logPath))
      })
    }
  })
  return {
    partFailed,
    stop: () => {
      isStopping = true
      return stop()
    },
  }
}

const dependencyNames = new Set(['postgres', 'redis', 'kafka'])

async function stopInOrder(processes: readonly RunningProcess[]): Promise<void> {
  const rank = ({ name }: RunningProcess) => (name === 'nginx' ? 0 : dependencyNames.has(name) ? 2 : 1)
  for (const turn of [0, 1, 2]) {
    await Promise.all(processes.filter((process) => rank(process) === turn).map((process) => process.stop()))
  }
}
