/** Engines that a test has for itself: to be filled up, locked, killed and started again. They go with the test. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import { freePort } from './ports.ts'
import { temporaryFolder } from './tools.ts'

export interface OwnEngine {
  readonly port: string
  /** Starts it on what it had; resolves as soon as it says what is waited for: that it is ready, if nothing else. */
  start(said?: RegExp, ...options: readonly string[]): Promise<void>
  /** Ends it, by this signal. */
  kill(signal: NodeJS.Signals): Promise<void>
}

/** PostgreSQL does not run as root. */
const NOBODY = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

function engineOf(port: string, ready: RegExp, command: string, args: readonly string[]): OwnEngine {
  let child: ChildProcess | undefined
  const kill = async (signal: NodeJS.Signals) => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
  }
  onTestFinished(() => kill('SIGQUIT'))
  return {
    port,
    kill,
    async start(said = ready, ...options) {
      child = spawn(command, [...args, ...options], { stdio: ['ignore', 'pipe', 'pipe'], cwd: '/', ...NOBODY })
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const lines: string[] = []
      for (const stream of [child.stdout, child.stderr])
        if (stream)
          createInterface(stream).on('line', (line) => {
            lines.push(line)
            if (said.test(line)) resolve()
          })
      child.once('exit', () => reject(new Error(`${command} ended: ${lines.slice(-5).join('\n')}`)))
      await promise
    },
  }
}

async function folderOfNobody(): Promise<string> {
  const folder = await temporaryFolder()
  const { uid, gid } = NOBODY
  if (uid !== undefined) await chown(folder, uid, gid)
  return folder
}

/** A Redis with options of its own, such as `--requirepass secret`. It keeps what was written. */
export async function ownRedis(...options: readonly string[]): Promise<OwnEngine> {
  const [port, dir] = [await freePort(), await folderOfNobody()]
  const basics = ['--port', port, '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'yes']
  return engineOf(port, /Ready to accept connections/, 'redis-server', [...basics, ...options])
}

/** A PostgreSQL whose user `t` needs no password; `locked` does. */
export async function ownPostgres(): Promise<OwnEngine> {
  const [port, dir] = [await freePort(), join(await folderOfNobody(), 'data')]
  const versions = '/usr/lib/postgresql'
  const bin = join(versions, (await readdir(versions)).toSorted().at(-1) ?? '', 'bin')
  await promisify(execFile)(join(bin, 'initdb'), ['-D', dir, '-A', 'trust', '-U', 't', '--no-sync'], {
    cwd: '/',
    ...NOBODY,
  })
  const hosts = ['host all locked 127.0.0.1/32 scram-sha-256', 'host all all 127.0.0.1/32 trust', '']
  await writeFile(join(dir, 'pg_hba.conf'), hosts.join('\n'))
  const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=']
  return engineOf(port, /database system is ready to accept connections/, join(bin, 'postgres'), [
    '-D',
    dir,
    ...settings.flatMap((setting) => ['-c', setting]),
  ])
}
