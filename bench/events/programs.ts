/** The Node programs of the benchmark: Bun does not load the Kafka client. */
import { join } from 'node:path'
import { readFileSync } from 'node:fs'
import { runProcess } from '@mopl/local/processes'
import type { Report } from './programs/report.ts'

const names = ['bare-producer', 'bare-consumer', 'fill-reviews'] as const
export type ProgramName = (typeof names)[number]

const builtDirectory = join(import.meta.dir, '../dist/events')

export async function buildPrograms(): Promise<void> {
  const entrypoints = names.map((name) => join(import.meta.dir, `programs/${name}.ts`))
  await Bun.build({ entrypoints, outdir: builtDirectory, target: 'node', external: ['@confluentinc/kafka-javascript'] })
}

/** Runs it to its end. */
export async function runProgram(name: ProgramName, env: Record<string, string>, logDir: string): Promise<void> {
  await runProcess({ name, command: ['node', join(builtDirectory, `${name}.js`)], env, logDir })
}

/** Runs it to its end and answers what it told. */
export async function measureProgram(name: ProgramName, env: Record<string, string>, logDir: string): Promise<Report> {
  await runProgram(name, env, logDir)
  return JSON.parse(readFileSync(join(logDir, `${name}.log`), 'utf8').trimEnd()) as Report
}
