import { openBench } from './realtime/bench.ts'
import { signIn } from './realtime/population.ts'
import { cpuWhileIdle } from './realtime/measure.ts'
import { mkdtempSync } from 'node:fs'
const bench = await openBench({ isQuick: true, rounds: 1, servers: ['Mopl','bare uWebSockets.js'], directory: mkdtempSync('/tmp/rt/b-'), kafkaBrokers: undefined })
await signIn(bench.surroundings.redisUrl, { viewers: 4000, speakers: 100 })
const s = await bench.start('Mopl')
console.log('no conns', await cpuWhileIdle(s.pid, 5000))
let n = 0
for (const v of [100, 1000, 4000]) {
  await bench.load.connect({ target: s.target, role: 'chat', firstViewer: n, viewers: v - n, concurrency: 100, heartBeatMs: 0 })
  n = v
  for (let i = 0; i < 4; i++) console.log(v, (await cpuWhileIdle(s.pid, 2500)).toFixed(1))
}
if (process.argv[2]) { console.log(s.pid); Bun.spawnSync(['perf','record','-F','5000','-g','-o','/tmp/rt/perf2.data','-p',String(s.pid),'--','sleep','5']) }
await bench.load.disconnect(); await s.stop(); await bench.close()
