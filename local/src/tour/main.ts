/** `bun run tour [--json] [url]`: walks the tour against a running system (default: the one that `bin/up` started). */
import { parseArgs } from 'node:util'
import { tour } from './tour.ts'

const usage = `usage: bun run tour [--json] [url]

Walks the journeys of ARCHITECTURE.md against a running system and prints each step with its latency.
  url     the gateway (default: $MOPL_URL, else http://localhost:$MOPL_PORT, else http://localhost:8080)
  --json  print the steps as JSON instead
The admin account is $ADMIN_EMAIL and $ADMIN_PASSWORD; \`bun run tour\` takes them from .env.local.`

try {
  const { values, positionals } = parseArgs({
    options: { json: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } },
    allowPositionals: true,
  })
  if (values.help) console.log(usage)
  else await walk(positionals[0], values.json)
} catch (error) {
  process.exitCode = error instanceof TypeError && 'code' in error ? 2 : 1
  console.error(process.exitCode === 2 ? usage : describe(error))
}

async function walk(url: string | undefined, json: boolean): Promise<void> {
  const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password, MOPL_URL, MOPL_PORT = '8080' } = process.env
  if (email === undefined || password === undefined) throw new Error('ADMIN_EMAIL and ADMIN_PASSWORD are not set')
  const baseUrl = url ?? MOPL_URL ?? `http://localhost:${MOPL_PORT}`
  const steps = await tour({ baseUrl, admin: { email, password }, print: json ? () => undefined : console.log })
  if (json) console.log(JSON.stringify(steps, null, 2))
  else console.log(`\n${steps.length} steps, all as the contract says`)
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : `${error.message}\n  because: ${describe(error.cause)}`
}
