import { statSync } from 'node:fs'
import { join } from 'node:path'

/** The checkout this file is in. */
export const root = join(import.meta.dir, '../..')

/** What Node runs is bundled by Bun; addons stay outside and resolve from the workspace they lie in. */
const bundles = [
  { entry: 'apps/socket/src/main.ts', output: 'apps/socket/dist' },
  { entry: 'apps/worker/src/main.ts', output: 'apps/worker/dist' },
  { entry: 'apps/worker/src/dlq/main.ts', output: 'apps/worker/dist/dlq' },
  { entry: 'local/src/kafka-broker.ts', output: 'local/dist' },
]

/** The local Kafka's program after `buildBundles`. */
export const kafkaBundle = join(root, 'local/dist/kafka-broker.js')

/**
 * Builds the programs that Node runs, those of them older than any source file, and returns their entries.
 *
 * @throws {Error} with the bundler's words, when one does not build
 */
export async function buildBundles(): Promise<string[]> {
  const newestSource = await newestSourceTime()
  const stale = bundles.filter(({ entry, output }) => builtTime(entry, output) < newestSource)
  await Promise.all(stale.map(({ entry, output }) => build(entry, output)))
  return stale.map(({ entry }) => entry)
}

async function build(entry: string, output: string): Promise<void> {
  const result = await Bun.build({
    throw: false,
    entrypoints: [join(root, entry)],
    outdir: join(root, output),
    target: 'node',
    sourcemap: 'linked',
    external: ['uWebSockets.js', '@confluentinc/kafka-javascript', '@node-rs/argon2'],
  })
  if (!result.success)
    throw new Error([`${entry} does not build:`, ...result.logs.slice(0, 5).map((log) => Bun.inspect(log))].join('\n'))
}

function builtTime(entry: string, output: string): number {
  const name = entry.slice(entry.lastIndexOf('/') + 1).replace(/ts$/, 'js')
  return statSync(join(root, output, name), { throwIfNoEntry: false })?.mtimeMs ?? 0
}

async function newestSourceTime(): Promise<number> {
  let newest = 0
  for (const pattern of ['{apps,packages}/*/src/**/*.ts', 'local/src/kafka-broker.ts', 'bun.lock']) {
    for await (const path of new Bun.Glob(pattern).scan(root))
      newest = Math.max(newest, statSync(join(root, path)).mtimeMs)
  }
  return newest
}
