/** `bin/up`: brings the whole system up, waits for Ctrl-C, and takes it down again. */
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { untilSignal } from '@mopl/infrastructure/run'
import { root } from './bundles.ts'
import { claimDataDir, type Claim } from './data-dir.ts'
import { externalFrom } from './dependencies.ts'
import { isPortFree } from './ports.ts'
import { readLocalSecrets } from './secrets.ts'
import { demoAccounts, seed } from './seed.ts'
import { startSystem, type System } from './system.ts'

const say = (line: string) => console.log(line)
const giveUp = new AbortController()
const asked = untilSignal().then((signal) => {
  say('stopping')
  giveUp.abort(new Error(`stopped by ${signal}`))
})

try {
  await up(readPort(process.env['MOPL_PORT']), resolve(process.env['MOPL_DATA_DIR'] ?? join(root, 'var')))
} catch (error) {
  // A person who asked for the end while it started gets what was asked for.
  if (!giveUp.signal.aborted) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
if (giveUp.signal.aborted) say('stopped')

async function up(port: number, dataDir: string): Promise<void> {
  const claim = await claimDataDir(dataDir, say)
  try {
    if (!(await isPortFree(port)))
      throw new Error(`port ${port} is taken; choose another one with MOPL_PORT=<port> bin/up`)
    await run(port, dataDir, claim)
  } finally {
    claim.release()
  }
}

async function run(port: number, dataDir: string, claim: Claim): Promise<void> {
  const secrets = readLocalSecrets()
  const system = await startSystem({
    dataDir,
    port,
    secrets,
    external: externalFrom(process.env),
    kafkaPrefix: process.env['KAFKA_TOPIC_PREFIX'] ?? '',
    isDurable: true,
    prepare: seed,
    onProgress: say,
    onStarted: claim.record,
    signal: giveUp.signal,
  })
  writeFileSync(join(dataDir, 'local.env'), toolEnvironment(system))
  const accounts = [{ email: secrets.ADMIN_EMAIL, password: secrets.ADMIN_PASSWORD }, ...demoAccounts]
  say(`ready ${system.url}`)
  say(['sign in as', ...accounts.map(({ email, password }) => `  ${email}  ${password}`)].join('\n'))

  const failure = await Promise.race([asked, system.partFailed])
  if (failure instanceof Error) say('stopping')
  await system.stop()
  if (failure instanceof Error) throw failure
}

/** What `bun run batch:*`, `db:migrate` and the other tools need to reach this system: `bun --env-file=var/local.env`. */
function toolEnvironment({ url, databaseUrl, redisUrl, kafkaBrokers, mediaDir }: System): string {
  const variables = {
    MOPL_URL: url,
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    KAFKA_BROKERS: kafkaBrokers,
    KAFKA_TOPIC_PREFIX: process.env['KAFKA_TOPIC_PREFIX'] ?? '',
    MEDIA_DIR: mediaDir,
  }
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

function readPort(text = '8080'): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`MOPL_PORT must be a port, not "${text}"`)
  return port
}
