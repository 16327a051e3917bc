/** Where a result comes from: without the machine and the versions a number means nothing. */
import { cpus, release, totalmem } from 'node:os'

export function describeMachine(): string {
  const processors = cpus()
  const gigabytes = Math.round(totalmem() / 2 ** 30)
  return [
    `${processors[0]?.model ?? 'unknown CPU'}, ${processors.length} cores, ${gigabytes} GB`,
    `Linux ${release()}`,
    `Bun ${Bun.version}`,
    `Node ${firstLine(['node', '--version'])}`,
    firstLine(['redis-server', '--version']).replace(/^Redis server v=(\S+).*/, 'Redis $1'),
  ].join('; ')
}

function firstLine(command: string[]): string {
  return Bun.spawnSync(command).stdout.toString().split('\n')[0]?.trim() ?? ''
}
