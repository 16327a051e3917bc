import { join } from 'node:path'
import { root } from './bundles.ts'
import { startProcess, type RunningProcess } from './processes.ts'

export type AppName = 'api' | 'socket' | 'worker' | 'batch'

/** What every app of one system is given. */
export type Surroundings = {
  databaseUrl: string
  redisUrl: string
  kafkaBrokers: string
  /** Keeps systems that share a Kafka apart; empty for a Kafka of one's own. */
  kafkaPrefix: string
  apiUrl: string
  gatewayPort: number
  mediaDir: string
  secrets: LocalSecrets
}

/** The values of `.env.local`. */
export type LocalSecrets = { JWT_SECRET: string; ADMIN_EMAIL: string; ADMIN_PASSWORD: string; ADMIN_NAME: string }

/** Less than the deadline of the process below, which is less than what a person waits for after Ctrl-C. */
const shutdownTimeoutMs = 8_000

/** One instance of an app, to be started. `name` tells instances apart: `socket-1`, `socket-2`. */
export type AppInstance = { app: AppName; name: string; port: number }

/** Starts one instance and waits until its readiness probe is green. `env` replaces or adds variables. */
export function startApp(
  { app, name, port }: AppInstance,
  surroundings: Surroundings,
  { logDir, signal, env = {} }: { logDir: string; signal?: AbortSignal | undefined; env?: Record<string, string> },
): Promise<RunningProcess> {
  return startProcess({
    name,
    command: commands[app],
    env: { ...common, PORT: String(port), ...environments[app](surroundings, name), ...env },
    logDir,
    stopTimeoutMs: shutdownTimeoutMs + 1_000,
    isReady: async () => (await fetch(`http://127.0.0.1:${port}/actuator/health/readiness`)).ok,
    signal,
  })
}

// The one place of the local system that says which runtime runs what. Bun is told not to read .env files by itself.
const bun = (app: AppName) => [process.execPath, '--no-env-file', join(root, `apps/${app}/src/main.ts`)]
const node = (app: AppName) => ['node', '--enable-source-maps', join(root, `apps/${app}/dist/main.js`)]
const commands = { api: bun('api'), socket: node('socket'), worker: node('worker'), batch: bun('batch') }

const common = { HOST: '127.0.0.1', SHUTDOWN_TIMEOUT_MS: String(shutdownTimeoutMs) }

const environments: Record<AppName, (surroundings: Surroundings, name: string) => Record<string, string>> = {
  api: (to) => ({
    ...postgres(to),
    ...redis(to),
    ...to.secrets,
    ...origins(to),
    MEDIA_DIR: to.mediaDir,
    COOKIE_SECURE: 'false',
    PUBLIC_URL: `http://localhost:${to.gatewayPort}`,
  }),
  socket: (to, name) => ({
    ...redis(to),
    ...kafka(to),
    ...origins(to),
    JWT_SECRET: to.secrets.JWT_SECRET,
    API_URL: to.apiUrl,
    NODE_ID: name,
    // Of uWebSockets.js itself, which otherwise refuses 4 KB that come in two pieces, without a body.
    UWS_HTTP_MAX_HEADERS_SIZE: '65536',
  }),
  worker: (to) => ({ ...postgres(to), ...redis(to), ...kafka(to), ...mail(to) }),
  batch: (to) => ({ ...postgres(to), ...redis(to), MEDIA_DIR: to.mediaDir }),
}

const postgres = (to: Surroundings) => ({ DATABASE_URL: to.databaseUrl })
const redis = (to: Surroundings) => ({ REDIS_URL: to.redisUrl })
const kafka = (to: Surroundings) => ({
  KAFKA_BROKERS: to.kafkaBrokers,
  KAFKA_TOPIC_PREFIX: to.kafkaPrefix,
  KAFKA_GROUP_PREFIX: to.kafkaPrefix,
})
// SMTP_URL, where the environment has one, names a real server instead.
const mail = (to: Surroundings) => ({ MAIL_DIR: join(to.mediaDir, '../mail') })
const origins = (to: Surroundings) => ({
  ALLOWED_ORIGINS: `http://localhost:${to.gatewayPort},http://127.0.0.1:${to.gatewayPort}`,
})
