import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { root } from './bundles.ts'
import { giveToNobody, startProcess, type RunningProcess } from './processes.ts'

export type NginxOptions = {
  /** Where the rendered configuration, the pid and the temporary files go. */
  directory: string
  logDir: string
  /** The gateway's own port, on 127.0.0.1. */
  port: number
  /** Ports of the api and of the socket instances, on 127.0.0.1. */
  apiPorts: readonly number[]
  socketPorts: readonly number[]
  mediaDir: string
  /** What one address may ask of the apps: `100r/s`, and how many at once beyond that. */
  edgeRate?: string
  edgeBurst?: number
  /** As `nginx/examples/` has it; `port` then speaks TLS, and `redirectPort` sends there. Paths of PEM files. */
  tls?: { certificate: string; key: string; redirectPort: number }
  signal?: AbortSignal | undefined
}

/** nginx of the system's packages with the project's own `nginx/`, as a child in the foreground. */
export async function startNginx(options: NginxOptions): Promise<RunningProcess> {
  return startProcess({
    name: 'nginx',
    command: nginxCommand(options),
    logDir: options.logDir,
    unprivileged: true,
    signal: options.signal,
    isReady: () => isServing(options),
  })
}

async function isServing({ port, tls }: NginxOptions): Promise<boolean> {
  if (tls === undefined) return (await fetch(`http://127.0.0.1:${port}/`)).ok
  const answer = await fetch(`http://127.0.0.1:${tls.redirectPort}/`, { redirect: 'manual' })
  return answer.status === 308
}

/** Renders `nginx/` into `directory` and returns the command that runs it in the foreground. */
export function nginxCommand(options: NginxOptions): string[] {
  const { directory } = options
  mkdirSync(join(directory, 'conf.d'), { recursive: true })
  giveToNobody(directory)
  copyFileSync(join(root, 'nginx/nginx.conf'), join(directory, 'nginx.conf'))
  copyFileSync('/etc/nginx/mime.types', join(directory, 'mime.types'))
  const variables = templateVariables(options)
  for (const folder of ['nginx/templates', ...(options.tls === undefined ? [] : ['nginx/examples'])]) {
    for (const name of readdirSync(join(root, folder)).filter((file) => file.endsWith('.template'))) {
      const rendered = render(readFileSync(join(root, folder, name), 'utf8'), variables)
      writeFileSync(join(directory, 'conf.d', basename(name, '.template')), rendered)
    }
  }
  // Only what an image decides for itself: where the pid goes, and not to leave the foreground.
  const globals = `daemon off; pid ${directory}/nginx.pid;`
  return ['nginx', '-p', directory, '-c', join(directory, 'nginx.conf'), '-e', 'stderr', '-g', globals]
}

function templateVariables(options: NginxOptions): Record<string, string> {
  // One's own machine is one address, however many browsers and tests there are on it.
  const { directory, port, apiPorts, socketPorts, mediaDir, edgeRate = '5000r/s', edgeBurst = 5_000, tls } = options
  const servers = (ports: readonly number[]) => ports.map((each) => `server 127.0.0.1:${each} max_fails=0;`).join(' ')
  return {
    NGINX_LISTEN: `127.0.0.1:${port}${tls === undefined ? '' : ' ssl http2'}`,
    NGINX_TEMP_DIR: directory,
    HTML_DIR: join(root, 'nginx/html'),
    MEDIA_DIR: mediaDir,
    EDGE_RATE: edgeRate,
    EDGE_BURST: String(edgeBurst),
    API_SERVERS: servers(apiPorts),
    SOCKET_SERVERS: servers(socketPorts),
    ...(tls === undefined
      ? {}
      : {
          TLS_CERTIFICATE: tls.certificate,
          TLS_KEY: tls.key,
          TLS_REDIRECT_LISTEN: `127.0.0.1:${tls.redirectPort}`,
        }),
  }
}

/** As the official image's envsubst: known variables are replaced, every other `$name` is nginx's own. */
function render(template: string, variables: Record<string, string>): string {
  return template.replace(/\$\{(\w+)\}/g, (whole, name: string) => variables[name] ?? whole)
}
