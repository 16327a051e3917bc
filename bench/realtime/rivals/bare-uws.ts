/** The least that a fan-out can cost in this stack: accept, subscribe, publish the bytes that came. Nothing else. */
import uWS from 'uWebSockets.js'

const app = uWS.App()

app.ws('/watch', {
  idleTimeout: 0,
  open(socket) {
    socket.subscribe('room')
    socket.send('o')
  },
})

app.ws('/speak', {
  idleTimeout: 0,
  open: (socket) => void socket.send('o'),
  message: (_, line) => void app.publish('room', line),
})

app.listen('127.0.0.1', Number(process.env['PORT']), (listening) => {
  if (listening === false) throw new Error('could not listen')
})
