import { openBench } from './realtime/bench.ts'
import { cpuWhileIdle } from './realtime/measure.ts'
import { mkdtempSync } from 'node:fs'
const bench = await openBench({ isQuick: true, rounds: 1, servers: ['Mopl','bare uWebSockets.js'], directory: mkdtempSync('/tmp/rt/b-'), kafkaBrokers: undefined })
const s = await bench.start('Mopl')
console.log('no conns', await cpuWhileIdle(s.pid, 5000))
console.log(Bun.spawnSync(['sh','-c',`timeout 3 strace -f -r -e trace=all -o /tmp/rt/strace.txt -p ${s.pid}; timeout 3 strace -f -c -p ${s.pid}`]).stderr.toString())
await s.stop(); await bench.close()
