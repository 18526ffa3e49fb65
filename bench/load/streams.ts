/** Load over HTTP: stream after stream on each connection, which is kept alive. It looks for the end, and no further. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A `POST` of JSON, as bytes. */
function postRequest(url: URL, path: string, json: string, connection: 'keep-alive' | 'close'): Buffer {
  return Buffer.from(
    [
      `POST ${path} HTTP/1.1`,
      `Host: ${url.host}`,
      'Content-Type: application/json',
      'Authorization: Bearer any',
      `Connection: ${connection}`,
      `Content-Length: ${Buffer.byteLength(json)}`,
      '',
      json,
    ].join('\r\n'),
  )
}

const STREAM_PATH = '/v1/responses'

/** The request for a stream of the Responses API. */
const streamOf = (model: string, input: string): string => JSON.stringify({ model, input, stream: true })

export interface StreamLoad extends Load {
  readonly model: string
  readonly input: string
}

/** A load of calls to one path with the same JSON. */
export interface CallLoad extends Load {
  readonly path: string
  readonly json: string
}

interface Load {
  readonly url: URL
  readonly connections: number
  /** How long it is measured, in ms, once it runs evenly. */
  readonly windowMs: number
}

/** How long the load runs before it is measured, in ms. */
const RUN_UP_MS = 150

/** How many streams end in a second. */
export const loadStreams = ({ model, input, ...load }: StreamLoad): Promise<number> =>
  loadCalls({ ...load, path: STREAM_PATH, json: streamOf(model, input) })

/** How many answers end in a second. */
export async function loadCalls({ url, path, json, connections, windowMs }: CallLoad): Promise<number> {
  const request = postRequest(url, path, json, 'keep-alive')
  const { promise: broken, reject: fail } = Promise.withResolvers<never>()
  let streams = 0
  let over = false

  const talk = (socket: Socket): void => {
    let ended = createEnd()
    socket.on('data', (chunk) => {
      const state = ended(chunk)
      if (state === 'refused') fail(new Error(`${url.host} refused: ${chunk.toString('utf8', 0, 300)}`))
      if (state !== 'ended') return
      streams++
      ended = createEnd()
      if (!over) socket.write(request)
    })
    socket.on('error', fail)
    socket.on('close', () => {
      if (!over) fail(new Error(`${url.host} closed a connection.`))
    })
    socket.write(request)
  }

  const sockets: Socket[] = []
  try {
    for (let index = 0; index < connections; index++) {
      const socket = connect(Number(url.port), url.hostname)
      socket.setNoDelay(true)
      sockets.push(socket)
      await once(socket, 'connect')
    }
    for (const socket of sockets) talk(socket)
    await Promise.race([sleep(RUN_UP_MS), broken])
    streams = 0
    const began = performance.now()
    await Promise.race([sleep(windowMs), broken])
    return streams / ((performance.now() - began) / 1000)
  } finally {
    over = true
    for (const socket of sockets) socket.destroy()
  }
}

/** The last chunk of a body in chunks. JSON has no line break that could look like it. */
const LAST_CHUNK = Buffer.from('\r\n0\r\n\r\n')

/** Looks for the end of one response, by its length or its last chunk. */
function createEnd(): (chunk: Buffer) => 'open' | 'ended' | 'refused' {
  let tail: Buffer = Buffer.alloc(0)
  let received = 0
  let total: number | undefined
  return (chunk) => {
    if (received === 0) {
      // All of these servers write their head in one piece.
      const head = chunk.toString('latin1', 0, Math.max(0, chunk.indexOf('\r\n\r\n')))
      if (!head.startsWith('HTTP/1.1 200 ')) return 'refused'
      const [, length] = /^content-length: (\d+)/im.exec(head) ?? []
      if (length !== undefined) total = head.length + 4 + Number(length)
    }
    received += chunk.length
    if (total !== undefined) return received >= total ? 'ended' : 'open'
    tail =
      chunk.length >= LAST_CHUNK.length
        ? chunk.subarray(-LAST_CHUNK.length)
        : Buffer.concat([tail, chunk]).subarray(-LAST_CHUNK.length)
    return tail.equals(LAST_CHUNK) ? 'ended' : 'open'
  }
}

/**
 * Reads one stream on a connection of its own, to its end.
 *
 * @param onData told of the text of each `data:` line as it comes
 */
export async function readStream(
  url: URL,
  model: string,
  input: string,
  onData: (text: string) => void,
): Promise<void> {
  const socket = connect(Number(url.port), url.hostname)
  socket.setNoDelay(true)
  socket.setEncoding('utf8')
  let rest = ''
  socket.on('data', (chunk) => {
    const lines = (rest + String(chunk)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.startsWith('data: ')) onData(line.slice('data: '.length))
  })
  socket.write(postRequest(url, STREAM_PATH, streamOf(model, input), 'close'))
  await once(socket, 'close')
}
