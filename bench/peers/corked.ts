/** The limit: a `ws` server that has its frames encoded before it is asked, and writes those of a turn in one go. */
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import { announce, framesToSend } from './peer.ts'

const frames = framesToSend().map((frame) => Buffer.from(frame))
const http = createServer()
const server = new WebSocketServer({ noServer: true, perMessageDeflate: false })
http.on('upgrade', (request, socket, head) => {
  server.handleUpgrade(request, socket, head, (ws) => {
    ws.on('message', (data) => {
      JSON.parse(String(data))
      socket.cork()
      for (const frame of frames) ws.send(frame, { binary: false })
      socket.uncork()
    })
  })
})
announce(http)
