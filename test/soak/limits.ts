/** Limits that hold each for itself, tried together: their product is what memory has to bear. */
import { once } from 'node:events'
import { connect as connectSocket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { type Watched, startProcess } from './process.ts'
import type { Outcome } from './scenarios.ts'

const CLIENTS = 16

/** How much memory all that waits may take in a server, and what it may take beside: garbage, and what is being read. */
const BUDGET_BYTES = 256 * 2 ** 20

const BESIDE_BYTES = 128 * 2 ** 20

const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MB`

interface Attack {
  readonly server: Watched
  readonly goesOn: () => boolean
}

/** Sends a message again and again on a connection, as fast as it is taken. */
async function flood({ server, goesOn }: Attack, path: string, message: string, perConnection = Infinity) {
  while (goesOn()) {
    const ws = new WebSocket(`${server.url.replace('http', 'ws')}${path}`)
    ws.on('error', () => {})
    await Promise.race([once(ws, 'open'), once(ws, 'close')])
    for (let sent = 0; sent < perConnection && goesOn() && ws.readyState === WebSocket.OPEN; sent++) {
      ws.send(message)
      while (ws.bufferedAmount > 2e6 && goesOn() && ws.readyState === WebSocket.OPEN) await sleep(2)
    }
    ws.terminate()
  }
}

/** Posts again and again on a connection, the next call when the one before is answered. */
async function pester({ server, goesOn }: Attack, requestOf: (index: number) => string) {
  const { port } = new URL(server.url)
  for (let index = 0; goesOn();) {
    const socket = connectSocket(Number(port), '127.0.0.1')
    const gone = Promise.withResolvers<void>()
    const send = () => (goesOn() ? socket.write(requestOf(index++)) : socket.destroy())
    socket.on('data', send).on('error', () => {})
    socket.on('close', () => gone.resolve())
    send()
    await gone.promise
  }
}

const HELLO = '{"model":"gpt-4.1-mini","input":"My name is Ada."}'

const post = (body: string, header = '') =>
  `POST /v1/responses HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${header}Content-Length: ${body.length}\r\n\r\n${body}`

const items = (count: number) => Array.from({ length: count }, (_, index) => ({ role: 'user', content: `q ${index}` }))

const ATTACKS: Readonly<Record<string, (attack: Attack) => Promise<void>>> = {
  'queued turns': (attack) => flood(attack, '/ws?fault=delay:600000ms', JSON.stringify({ input: items(24_000) }), 65),
  'long lanes': (attack) =>
    flood(attack, '/v1/responses', JSON.stringify({ type: 'response.create', stream_id: 'x'.repeat(900_000) })),
  'long types': (attack) => flood(attack, '/v1/responses', JSON.stringify({ type: '"'.repeat(500_000) })),
  'long seeds': (attack) =>
    pester(attack, (index) => post(HELLO, `x-deltatape-fault: chaos:${index}${'x'.repeat(11_000)}:0\r\n`)),
  'many seeds': (attack) => pester(attack, (index) => post(HELLO, `x-deltatape-fault: chaos:${index}:0\r\n`)),
  'bodies that grow': (attack) => pester(attack, () => post(`{"model":"m","input":[${'{},'.repeat(20_000)}{}]}`)),
}

/** The slowest answer of `/health`, asked every 20 ms on a connection of its own, in ms. */
async function slowest({ server, goesOn }: Attack): Promise<number> {
  const { port } = new URL(server.url)
  const socket = connectSocket(Number(port), '127.0.0.1')
  let most = 0
  while (goesOn()) {
    const asked = performance.now()
    socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await once(socket, 'data')
    most = Math.max(most, performance.now() - asked)
    await sleep(20)
  }
  socket.destroy()
  return most
}

async function largest({ server, goesOn }: Attack): Promise<number> {
  let bytes = 0
  while (goesOn()) {
    bytes = Math.max(bytes, await server.memory())
    await sleep(50)
  }
  return bytes
}

/**
 * Each attack at full speed from many connections.
 *
 * @param slowestMs how long `/health` may take meanwhile
 * @param growth how much memory may have grown in the end, as a factor
 */
export async function products(seconds: number, slowestMs: number, growth: number): Promise<Outcome> {
  const figures: string[] = []
  let held = true
  for (const [name, run] of Object.entries(ATTACKS)) {
    const server = await startProcess({})
    await fetch(`${server.url}/health`)
    const before = await server.memory()
    const end = performance.now() + seconds * 1000
    const attack: Attack = { server, goesOn: () => performance.now() < end && server.child.exitCode === null }
    const watching = Promise.all([slowest(attack), largest(attack)])
    await Promise.all(Array.from({ length: CLIENTS }, () => run(attack)))
    const [ms, peak] = await watching
    let after = await server.memory()
    // It is given back once the server is quiet.
    for (let wait = 0; wait < 100 && after > before * growth; wait++) {
      await sleep(100)
      after = await server.memory()
    }
    const code = await server.stop()
    held &&= ms < slowestMs && peak - before < BUDGET_BYTES + BESIDE_BYTES && after <= before * growth && code === 0
    figures.push(
      `${name}: health at most ${ms.toFixed(0)} ms, ${megabytes(before)} → ${megabytes(peak)} → ${megabytes(after)}`,
    )
  }
  return { figure: figures.join('; '), held }
}
