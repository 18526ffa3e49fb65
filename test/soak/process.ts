/** The server as a process of its own, watched from outside. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

export interface Watched {
  readonly child: ChildProcess
  readonly url: string
  /** What the process holds of the machine's memory, in bytes. */
  memory(): Promise<number>
  /** The exit code; null where a signal ended it. */
  readonly ended: Promise<number | null>
  /** What it wrote. */
  readonly lines: readonly string[]
  stop(): Promise<number | null>
}

const MAIN = fileURLToPath(new URL('../../server/main.ts', import.meta.url))

/** @param cwd where it works; the checkout if nothing is said */
export async function startProcess(env: Readonly<Record<string, string>>, cwd?: string): Promise<Watched> {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, [MAIN], {
    cwd,
    env: { PATH, HOME, PORT: '0', LOG_LEVEL: 'error', ...env },
  })
  const lines: string[] = []
  const ended = once(child, 'close').then(([code]) => (typeof code === 'number' ? code : null))
  const listening = Promise.withResolvers<string>()
  child.stderr.on('data', (chunk) => lines.push(String(chunk)))
  child.stdout.on('data', (chunk) => {
    lines.push(String(chunk))
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(String(chunk)) ?? []
    if (url) listening.resolve(url)
  })
  void ended.then((code) => listening.reject(new Error(`The server ended with ${code}: ${lines.join('')}`)))
  const url = await listening.promise
  return {
    child,
    url,
    lines,
    ended,
    async memory() {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024
    },
    stop() {
      child.kill('SIGTERM')
      return ended
    },
  }
}
