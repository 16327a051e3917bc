import { test, setDefaultTimeout } from 'bun:test'
import { connect } from 'node:net'
import { readFileSync } from 'node:fs'
import { openSetting } from './testing/setting.ts'
import { SockJsHttp } from './testing/sockjs-http.ts'
import { connectFrame, StompClient } from './testing/stomp-client.ts'
setDefaultTimeout(90_000)
const rss = (pid: number) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024
test('pipelining', async () => {
  const setting = await openSetting()
  const app = await setting.startSocket()
  const s = new SockJsHttp(app.url)
  const content = await setting.aContent()
  await s.poll(); await s.send(connectFrame((await setting.aPerson()).token, 'accept-version:1.2\n')); await s.poll()
  await s.send(...Array.from({ length: 50 }, (_, id) => `SUBSCRIBE\nid:${id}\ndestination:/sub/contents/${content.id}/chat\n\n`))
  const { port, pathname } = new URL(s.url)
  const socket = connect(Number(port), '127.0.0.1')
  socket.on('close', () => console.log('closed'))
  socket.on('error', (e) => console.log('error', e.message))
  socket.pause()
  const sender = await StompClient.signIn(app.url, (await setting.aPerson()).token)
  const body = JSON.stringify({ content: 'x'.repeat(900) })
  const t0 = performance.now()
  let n = 0, posts = 0
  while (performance.now() - t0 < 20_000) {
    socket.write(`POST ${pathname}/xhr HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`); posts++
    sender.send(`SEND\ndestination:/pub/contents/${content.id}/chat\nreceipt:${n}\n\n${body}`)
    await sender.next('RECEIPT')
    n++
    if (n % 200 === 0) console.log(n, rss(app.pid).toFixed(0), 'MB')
    if (socket.destroyed) break
  }
  console.log(n, posts, rss(app.pid))
  const m = await (await fetch(app.url + '/actuator/prometheus')).text()
  console.log(m.split('\n').filter((l) => /slow|connections\{/.test(l)).join('\n'))
  socket.destroy()
  await setting.close()
})
