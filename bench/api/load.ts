/** The load generator: wrk, which uses so little of the machine that it leaves it to the servers. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'

export type Request = { method?: 'GET' | 'POST'; path: string; token?: string; form?: string; json?: unknown }

/** `perSecond` undefined: as many as the server can answer. */
export type Load = {
  url: string
  requests: readonly Request[]
  connections: number
  seconds: number
  perSecond?: number
}

const Outcome = v.object({
  requests: v.number(),
  /** Refused or worse: answered with a status of 400 or more. */
  refused: v.number(),
  /** Not answered at all. */
  broken: v.number(),
  seconds: v.number(),
  /** Milliseconds. */
  p50: v.number(),
  p99: v.number(),
  max: v.number(),
})
export type Outcome = v.InferOutput<typeof Outcome>

/** @throws {Error} with wrk's words when it cannot run */
export async function runLoad(directory: string, load: Load): Promise<Outcome> {
  const { url, requests, connections, seconds, perSecond } = load
  const file = join(directory, 'requests.tsv')
  writeFileSync(file, requests.map(lineOf).join('\n'))
  const think = perSecond === undefined ? [] : [String((connections / perSecond) * 1_000)]
  const flags = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout=10s', '-s', join(import.meta.dir, 'load.lua')]
  const wrk = Bun.spawn(['wrk', ...flags, url, '--', file, ...think], { stdout: 'pipe', stderr: 'pipe' })
  const [output, complaint] = await Promise.all([wrk.stdout.text(), wrk.stderr.text()])
  const answer = output.split('\n').find((line) => line.startsWith('{'))
  if ((await wrk.exited) !== 0 || answer === undefined) throw new Error(`wrk: ${complaint}${output}`)
  return v.parse(Outcome, JSON.parse(answer))
}

function lineOf({ method = 'GET', path, token = '', form, json }: Request): string {
  if (form !== undefined) return [method, path, token, 'application/x-www-form-urlencoded', form].join('\t')
  if (json !== undefined) return [method, path, token, 'application/json', JSON.stringify(json)].join('\t')
  return [method, path, token, '', ''].join('\t')
}
