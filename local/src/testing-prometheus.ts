/** For tests: the real Prometheus with the shipped configuration, before apps of one's choice. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './bundles.ts'
import { freePort } from './ports.ts'
import { startProcess } from './processes.ts'

export type Prometheus = {
  /** The values of an instant query, one per series; those that are no number are left out. */
  query(expr: string): Promise<number[]>
  get(path: string): Promise<unknown>
  close(): Promise<void>
}

/** `targets`: job -> addresses of its instances, `host:port`. Ready when each has been scraped. */
export async function startPrometheus(targets: Record<string, string[]>): Promise<Prometheus> {
  const directory = mkdtempSync(join(tmpdir(), 'mopl-prometheus-'))
  cpSync(join(root, 'prometheus'), directory, { recursive: true })
  for (const job of ['api', 'socket', 'worker', 'batch'])
    writeFileSync(join(directory, `targets/${job}.json`), JSON.stringify([{ targets: targets[job] ?? [] }]))
  const config = join(directory, 'prometheus.yml')
  // The shipped interval is for years of operation, not for a test.
  writeFileSync(config, readFileSync(config, 'utf8').replaceAll(': 15s', ': 1s').replace('timeout: 5s', 'timeout: 1s'))
  const address = `127.0.0.1:${await freePort()}`
  const get = async (path: string) => (await fetch(`http://${address}/api/v1/${path}`)).json()
  const query = async (expr: string) => {
    const { data } = (await get(`query?query=${encodeURIComponent(expr)}`)) as {
      data: { result: { value: [number, string] }[] }
    }
    return data.result.map((sample) => Number(sample.value[1])).filter((value) => !Number.isNaN(value))
  }
  const instances = Object.values(targets).flat().length
  const storage = `--storage.tsdb.path=${join(directory, 'data')}`
  const process = await startProcess({
    name: 'prometheus',
    command: ['prometheus', `--config.file=${config}`, storage, `--web.listen-address=${address}`],
    logDir: join(directory, 'log'),
    isReady: async () => (await query('up == 1')).length === instances,
  })
  return {
    query,
    get,
    close: async () => {
      await process.stop()
      rmSync(directory, { recursive: true })
    },
  }
}
