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
    isReady: async () => (await fetch(`http://127.0.0.1:${options.port}/`)).ok,
  })
}

/** Renders `nginx/` into `directory` and returns the command that runs it in the foreground. */
export function nginxCommand(options: NginxOptions): string[] {
  const { directory } = options
  mkdirSync(join(directory, 'conf.d'), { recursive: true })
  giveToNobody(directory)
  copyFileSync(join(root, 'nginx/nginx.conf'), join(directory, 'nginx.conf'))
  copyFileSync('/etc/nginx/mime.types', join(directory, 'mime.types'))
  const variables = templateVariables(options)
  const templates = join(root, 'nginx/templates')
  for (const name of readdirSync(templates).filter((file) => file.endsWith('.template'))) {
    const rendered = render(readFileSync(join(templates, name), 'utf8'), variables)
    writeFileSync(join(directory, 'conf.d', basename(name, '.template')), rendered)
  }
  // Only what an image decides for itself: where the pid goes, and not to leave the foreground.
  const globals = `daemon off; pid ${directory}/nginx.pid;`
  return ['nginx', '-p', directory, '-c', join(directory, 'nginx.conf'), '-e', 'stderr', '-g', globals]
}

function templateVariables({ directory, port, apiPorts, socketPorts, mediaDir }: NginxOptions): Record<string, string> {
  const servers = (ports: readonly number[]) => ports.map((each) => `server 127.0.0.1:${each};`).join(' ')
  return {
    NGINX_LISTEN: `127.0.0.1:${port}`,
    NGINX_TEMP_DIR: directory,
    HTML_DIR: join(root, 'nginx/html'),
    MEDIA_DIR: mediaDir,
    API_SERVERS: servers(apiPorts),
    SOCKET_SERVERS: servers(socketPorts),
  }
}

/** As the official image's envsubst: known variables are replaced, every other `$name` is nginx's own. */
function render(template: string, variables: Record<string, string>): string {
  return template.replace(/\$\{(\w+)\}/g, (whole, name: string) => variables[name] ?? whole)
}
