/** Work that one process does while the others wait: what is built in this checkout is built once. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { type Socket, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { systemCode } from '../../server/base/errors.ts'

/**
 * Where those meet who would build in this checkout. It is a socket, which the system lets go of when its process ends.
 * Elsewhere than on Linux and Windows its file may be left behind.
 */
const MEETING = (() => {
  const name = `deltatape-${createHash('sha256').update(resolve()).digest('hex').slice(0, 16)}`
  if (process.platform === 'linux') return `\0${name}`
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`)
})()

/** Does some work while no other does, in this process or another. Work may not wait for other work of this kind. */
export async function alone<T>(work: () => Promise<T>): Promise<T> {
  const waiting = new Set<Socket>()
  const server = createServer((socket) => waiting.add(socket.on('error', () => {})))
  try {
    await once(server.listen(MEETING), 'listening')
  } catch (error) {
    if (systemCode(error) !== 'EADDRINUSE') throw error
    await othersDone()
    return alone(work)
  }
  try {
    return await work()
  } finally {
    server.close()
    for (const socket of waiting) socket.destroy()
    await once(server, 'close')
  }
}

/** Resolves when whoever listens there has ended. */
async function othersDone(): Promise<void> {
  try {
    await once(connect(MEETING), 'close')
  } catch (error) {
    // Its file is there, and nobody listens.
    if (systemCode(error) === 'ECONNREFUSED' && MEETING.startsWith('/')) await rm(MEETING, { force: true })
  }
}
