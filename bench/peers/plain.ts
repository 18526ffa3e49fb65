/** What one writes first: a `ws` server that makes JSON of each frame and sends it by itself. */
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import { announce, framesToSend } from './peer.ts'

const frames: unknown[] = framesToSend().map((frame) => JSON.parse(frame))
const http = createServer()
const server = new WebSocketServer({ server: http, perMessageDeflate: false })
server.on('connection', (ws) => {
  ws.on('message', (data) => {
    JSON.parse(String(data))
    for (const frame of frames) ws.send(JSON.stringify(frame))
  })
})
announce(http)
