// scratch: CPU per line of the socket app
import { readdirSync, readFileSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { openSetting } from '../testing/setting.ts'
import { freePort } from '@mopl/infrastructure/testing'
const [which = 'mopl', W = '100', R = '100', S = '6', prof = ''] = process.argv.slice(2)
const watchers = Number(W), rate = Number(R), seconds = Number(S)
const cpu = (pid: number) => readdirSync(`/proc/${pid}/task`).reduce((s, t) => s + Number(readFileSync(`/proc/${pid}/task/${t}/schedstat`, 'utf8').split(' ')[0]), 0) / 1000
const setting = await openSetting()
const port = await freePort()
const args = which === 'bare' ? ['/work/main/bench/dist/bare-uws.js'] : [...(prof ? ['--cpu-prof', '--cpu-prof-interval=200', `--cpu-prof-dir=${prof}`] : []), '/work/main/apps/socket/dist/main.js']
const child = spawn('node', args, { stdio: ['ignore', 'ignore', 'inherit'], cwd: '/work/main/bench', env: { ...process.env, NODE_ENV: 'production', PORT: String(port), JWT_SECRET: 'a secret of the socket tests, long enough', KAFKA_BROKERS: '127.0.0.1:1', ALLOWED_ORIGINS: '', API_URL: 'http://127.0.0.1:1', LOG_LEVEL: 'error' } })
const url = `ws://127.0.0.1:${port}`
for (;;) { try { await fetch(`http://127.0.0.1:${port}/`); break } catch { await Bun.sleep(50) } }
const content = await setting.aContent()
let got = 0
const lat: number[] = []
async function open(path: string, person?: any, sub?: boolean): Promise<WebSocket> {
  const ws = new WebSocket(url + path)
  await new Promise((r) => ws.addEventListener('message', r, { once: true }))
  if (which === 'bare') { ws.addEventListener('message', (e) => note(String(e.data))); return ws }
  let phase = 0
  await new Promise<void>((resolve) => {
    ws.addEventListener('message', (e) => {
      const d = String(e.data)
      if (phase === 0 && d.includes('CONNECTED')) { phase = 1; if (sub) ws.send(JSON.stringify([`SUBSCRIBE\nid:sub-0\ndestination:/sub/contents/${content.id}/chat\nreceipt:r\n\n\0`])); else resolve() }
      else if (phase === 1 && d.includes('RECEIPT')) { phase = 2; resolve() }
      else note(d)
    })
    ws.send(JSON.stringify([`CONNECT\naccept-version:1.2\nheart-beat:0,0\nAuthorization:Bearer ${person.token}\n\n\0`]))
  })
  return ws
}
function note(d: string) {
  for (const m of d.matchAll(/@(\d+\.\d+)@/g)) { got += 1; lat.push(performance.now() - Number(m[1])) }
}
const p = which === 'bare' ? undefined : await setting.aPerson()
const socks = await Promise.all(Array.from({ length: watchers }, () => open(which === 'bare' ? '/watch' : `/ws/1/${crypto.randomUUID()}/websocket`, p, true)))
const speaker = await open(which === 'bare' ? '/speak' : `/ws/1/${crypto.randomUUID()}/websocket`, p, false)
const say = () => { const body = `@${performance.now().toFixed(3)}@${'x'.repeat(60)}`
  speaker.send(which === 'bare' ? `a["MESSAGE\\nsubscription:sub-0\\ndestination:/sub/contents/${content.id}/chat\\n${'y'.repeat(200)} ${body}"]` : JSON.stringify([`SEND\ndestination:/pub/contents/${content.id}/chat\n\n${JSON.stringify({ content: body })}\0`])) }
for (let i = 0; i < 600; i++) { say(); if (i % 10 === 0) await Bun.sleep(10) }
await Bun.sleep(500)
got = 0; lat.length = 0
const before = cpu(child.pid!), end = performance.now() + seconds * 1000
let sent = 0, next = performance.now()
while (performance.now() < end) {
  next += (-Math.log(1 - Math.random()) * 1000) / rate
  const wait = next - performance.now()
  if (wait > 1) await Bun.sleep(wait)
  say(); sent++
}
while (got < sent * watchers) await Bun.sleep(10)
const used = cpu(child.pid!) - before
lat.sort((a, b) => a - b)
console.log(which, { watchers, rate, sent, perLine: Math.round(used / sent), perDelivery: +(used / sent / watchers).toFixed(2), p50: +lat[lat.length >> 1]!.toFixed(1), p99: +lat[Math.floor(lat.length * 0.99)]!.toFixed(1) })
child.kill('SIGTERM'); await new Promise((r) => child.once('exit', r))
await setting.close(); process.exit(0)
