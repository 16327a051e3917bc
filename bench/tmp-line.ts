import { openBench } from './realtime/bench.ts'
import { signIn } from './realtime/population.ts'
import { measureLines, cpuWhileIdle } from './realtime/measure.ts'
import { openRoom } from './realtime/scenarios/room.ts'
import { mkdtempSync } from 'node:fs'
const bench = await openBench({ isQuick: false, rounds: 1, servers: ['Mopl','bare uWebSockets.js'], directory: mkdtempSync('/tmp/rt/b-'), kafkaBrokers: undefined })
await signIn(bench.surroundings.redisUrl, { viewers: 1000, speakers: 400 })
for (const name of (process.argv[2] ?? 'Mopl').split(',')) {
  const s = await bench.start(name as never)
  const room = await openRoom(bench, s)
  for (const [w, r] of [[10, 400], [10, 100], [10, 20], [10, 4]] as const) {
    await room.growTo(w)
    const perf = process.argv[3] && r === Number(process.argv[3]) ? Bun.spawn(['perf','record','-F','5000','-g','-o','/tmp/rt/perf3.data','-p',String(s.pid),'--','sleep','9']) : undefined
    const m = await measureLines(bench, s.pid, { receivers: w, linesPerSecond: r, seconds: 8 })
    await perf?.exited
    const lines = m.delivered / w
    console.log(name, w, r, 'cpu/line µs', (m.cpuPerDelivery * w).toFixed(0), 'idle', m.idleCpuPerSecond.toFixed(1), 'net/line', (m.cpuPerDelivery * w - m.idleCpuPerSecond * 8.2 * 1000 / lines).toFixed(0), 'p50', m.latency.percentileMs(.5).toFixed(2))
  }
  await bench.load.disconnect(); await s.stop()
}
await bench.close()
