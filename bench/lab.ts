/** Where a run takes place: processes and folders that are all gone when it ends. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, rmSync } from 'node:fs'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A server in a process of its own. */
export interface Running {
  readonly url: URL
  readonly pid: number
  /** From the start of the process until it had written its address, in ms. */
  readonly startedInMs: number
  stop(): Promise<void>
}

export interface Lab {
  /** An empty folder. */
  folder(): Promise<string>
  /**
   * Starts a Node process, and waits until it has written its address.
   *
   * @param args what stands behind `node`
   */
  start(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Running>
  /** Ends all processes and takes all folders away, at once: also where the process is about to exit. */
  clear(): void
}

const POLL_MS = 2
const START_TIMEOUT_MS = 60_000

export function createLab(): Lab {
  const children = new Set<ChildProcess>()
  const folders: string[] = []

  const folder = async (): Promise<string> => {
    const path = await mkdtemp(join(tmpdir(), 'deltatape-bench-'))
    folders.push(path)
    return path
  }

  return {
    folder,
    async start(args, env = {}) {
      // Into a file, so that it is not this process, which makes the load, that has to read it.
      const output = join(await folder(), 'output')
      const file = openSync(output, 'w')
      const { PATH = '', HOME = '' } = process.env
      const began = performance.now()
      const child = spawn(process.execPath, [...args], { env: { PATH, HOME, ...env }, stdio: ['ignore', file, file] })
      closeSync(file)
      children.add(child)
      const ended = once(child, 'exit').then(() => void children.delete(child))
      const url = await addressIn(output, child)
      return {
        url,
        pid: child.pid ?? 0,
        startedInMs: performance.now() - began,
        async stop() {
          child.kill('SIGKILL')
          await ended
        },
      }
    },
    clear() {
      for (const child of children) child.kill('SIGKILL')
      for (const path of folders) rmSync(path, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function addressIn(output: string, child: ChildProcess): Promise<URL> {
  const deadline = performance.now() + START_TIMEOUT_MS
  for (;;) {
    const text = await readFile(output, 'utf8')
    const [address] = /http:\/\/127\.0\.0\.1:\d+(?=\D)/.exec(text) ?? []
    if (address !== undefined) return new URL(address)
    if (child.exitCode !== null || child.signalCode !== null || performance.now() > deadline) {
      throw new Error(`${child.spawnargs.join(' ')} did not start: ${text}`)
    }
    await sleep(POLL_MS)
  }
}
