/** The limit of an HTTP answer: a `node:http` server that has the whole body ready, and writes it in one piece. */
import { createServer } from 'node:http'
import { announce, bodyToSend } from './peer.ts'

const body = Buffer.from(bodyToSend())
const http = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    JSON.parse(Buffer.concat(chunks).toString())
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'content-length': body.length })
    response.end(body)
  })
})
announce(http)
