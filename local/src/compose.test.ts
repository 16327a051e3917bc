/** Without a container engine at hand: everything that compose.yaml and the Dockerfile name is there. */
import { describe, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { root } from './bundles.ts'

type Service = {
  image: string
  build?: { context: string; target: string }
  environment?: Record<string, string>
  volumes?: string[]
  depends_on?: Record<string, { condition: string }>
  healthcheck?: { test: string[] }
}
type Compose = { services: Record<string, Service>; volumes: Record<string, null> }

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const composeText = read('compose.yaml')
const { services, volumes } = Bun.YAML.parse(composeText) as Compose
const example = parseEnv(read('.env.docker.example')) as Record<string, string>
const dockerfile = read('Dockerfile')
const all = Object.entries(services)
const byText = (one = '', other = '') => one.localeCompare(other)

/** `${NAME}`, `${NAME:-default}` and `${NAME:?message}`, the way compose replaces them. */
function interpolate(text: string, variables: Record<string, string>): string {
  return text.replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_, name: string, kind: string | undefined, rest: string) => {
    return variables[name] ?? (kind === '-' ? rest : '')
  })
}

describe('compose.yaml', () => {
  test('has the whole system in it', () => {
    const expected = [
      'postgres',
      'redis',
      'kafka',
      'migrate',
      'api',
      'socket-1',
      'socket-2',
      'worker',
      'batch',
      'nginx',
    ]
    expect(Object.keys(services)).toEqual([...expected, 'prometheus', 'grafana'])
  })

  test.each(all)('%s is our own image, or one pinned by its tag', (_, { image, build }) => {
    if (build === undefined) expect(image).toMatch(/^[a-z/]+:v?\d+\.\d+(\.\d+)?(-[a-z]+)?$/)
    else expect(dockerfile).toContain(` AS ${build.target}\n`)
  })

  test.each(all)('what %s mounts exists, here or as a volume', (_, { volumes: mounts = [] }) => {
    for (const mount of mounts) {
      const [source = ''] = mount.split(':')
      if (source.startsWith('.')) expect(existsSync(join(root, source))).toBe(true)
      else expect(Object.keys(volumes)).toContain(source)
    }
  })

  test.each(all)('%s waits for services that say when they are ready', (_, { depends_on: dependencies = {} }) => {
    for (const [name, { condition }] of Object.entries(dependencies)) {
      const isAnswered =
        condition === 'service_healthy' ? services[name]?.healthcheck !== undefined : name === 'migrate'
      expect({ name, condition, isAnswered }).toEqual({ name, condition, isAnswered: true })
    }
  })

  test('every variable stands in the example, and the example has no other', () => {
    const asked = new Set([...composeText.matchAll(/\$\{(\w+)/g)].map(([, name]) => name))
    expect([...asked].toSorted(byText)).toEqual(Object.keys(example).toSorted(byText))
  })

  test('no secret has a default outside the example', () => {
    const secrets = [...composeText.matchAll(/\$\{(\w*(?:SECRET|PASSWORD)\w*):-/g)]
    expect(secrets).toEqual([])
  })

  test('nginx is given every variable of its template', () => {
    const template = read('nginx/templates/mopl.conf.template')
    const asked = new Set([...template.matchAll(/\$\{([A-Z_]+)\}/g)].map(([, name]) => name))
    expect([...asked].toSorted(byText)).toEqual(Object.keys(services['nginx']?.environment ?? {}).toSorted(byText))
  })

  test('nginx takes no server away from everybody because of one request', () => {
    const { API_SERVERS = '', SOCKET_SERVERS = '' } = services['nginx']?.environment ?? {}
    const servers = `${API_SERVERS} ${SOCKET_SERVERS}`.match(/server [^;]+/g) ?? []
    expect(servers).toHaveLength(3)
    expect(servers.filter((server) => !server.endsWith(' max_fails=0'))).toEqual([])
  })

  test('Prometheus looks for the apps where they are', () => {
    for (const app of ['api', 'socket', 'worker', 'batch']) {
      const [group] = JSON.parse(read(`prometheus/targets/${app}.json`)) as { targets: string[] }[]
      const instances = Object.keys(services).filter((name) => name.replace(/-\d$/, '') === app)
      expect(group?.targets).toEqual(instances.map((name) => `${name}:8080`))
    }
  })
})

describe('the environment of each app', () => {
  const mains = {
    api: ['bun', '--no-env-file', 'src/main.ts'],
    batch: ['bun', '--no-env-file', 'src/main.ts'],
    socket: ['node', 'dist/main.js'],
    worker: ['node', 'dist/main.js'],
  }

  /** An app that starts with a port that is none names everything that is wrong, and goes no further. */
  async function complaint(app: keyof typeof mains, environment: Record<string, string>): Promise<string> {
    const child = Bun.spawn(mains[app], {
      cwd: join(root, 'apps', app),
      env: { PATH: process.env['PATH'], ...environment, PORT: 'none' },
      stdout: 'pipe',
      stderr: 'ignore',
    })
    const [line = ''] = (await child.stdout.text()).split('\n')
    return (JSON.parse(line) as { reason: string }).reason
  }

  test.each(['api', 'socket-1', 'socket-2', 'worker', 'batch'])('of %s in compose.yaml is complete', async (name) => {
    const given = Object.entries(services[name]?.environment ?? {})
    const environment = Object.fromEntries(given.map(([key, value]) => [key, interpolate(value, example)]))
    const app = name.replace(/-\d$/, '') as keyof typeof mains
    expect(await complaint(app, environment)).toBe('invalid configuration: PORT must be a port')
  })

  test.each(['api', 'socket', 'worker', 'batch'] as const)('of %s in production is described wholly', async (app) => {
    const described = parseEnv(read('.env.production.example').replaceAll(/[<>]/g, '')) as Record<string, string>
    expect(await complaint(app, described)).toBe('invalid configuration: PORT must be a port')
  })
})

describe('the Dockerfile', () => {
  test('copies every workspace’s package.json before it installs', () => {
    const { workspaces } = JSON.parse(read('package.json')) as { workspaces: string[] }
    const manifests = workspaces.flatMap((glob) =>
      Array.from(new Bun.Glob(`${glob}/package.json`).scanSync({ cwd: root })),
    )
    for (const manifest of manifests)
      expect(dockerfile).toContain(`COPY ${manifest} ${manifest.replace('package.json', '')}\n`)
  })

  test('copies what is there and what .dockerignore lets through', () => {
    const ignored = read('.dockerignore').split('\n')
    const copies = [...dockerfile.matchAll(/^COPY (?!--)(.+) \S+$/gm)].flatMap(([, sources = '']) => sources.split(' '))
    expect(copies).toContain('nginx/templates')
    for (const source of copies) {
      expect(existsSync(join(root, source))).toBe(true)
      expect(ignored).not.toContain(source.split('/')[0])
    }
  })

  test('runs the versions that the packages name', () => {
    const { packageManager } = JSON.parse(read('package.json')) as { packageManager: string }
    expect(dockerfile).toContain(`ARG BUN_VERSION=${packageManager.replace('bun@', '')}\n`)
    // The builds of uWebSockets.js for newer versions want a newer glibc than bookworm's.
    expect(dockerfile).toMatch(/ARG NODE_VERSION=20\./)
  })
})
