/** Engines that a scenario may kill and bring back: its own where it can start one, or else the way to one. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chmod, chown, mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { type Socket, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../server/base/clock.ts'
import { openS3 } from '../../server/store/drivers/s3.ts'
import { freePort } from '../kit/ports.ts'

/** An engine with nothing in it. */
export interface Mortal {
  /** What FIXTURES is set to, and what else a server needs. */
  readonly env: Readonly<Record<string, string>>
  /** As the system would: nobody is asked, and nothing is finished. */
  kill(): Promise<void>
  /** The same engine again, on what the killed one has left. Resolves when it answers. */
  revive(): Promise<void>
  close(): Promise<void>
}

/** A program that runs as long as it is not killed, and says when it is ready. */
interface Program {
  readonly command: string
  readonly args: readonly string[]
  readonly ready: string
  /** PostgreSQL refuses to run as root. */
  readonly uid?: number | undefined
}

/** Starts a program; undefined where it ended before it was ready. */
async function begin({ command, args, ready, uid }: Program): Promise<ChildProcess | undefined> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], uid, cwd: tmpdir() })
  const isReady = new Promise<boolean>((resolve) => {
    const hear = (chunk: unknown) => String(chunk).includes(ready) && resolve(true)
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('error', () => resolve(false)).once('close', () => resolve(false))
  })
  return (await isReady) ? child : undefined
}

/** How often a killed program is started anew: what it has left may hold its memory for some seconds. */
const TRIES = 200

async function mortal(program: Program, dir: string, env: Mortal['env']): Promise<Mortal | undefined> {
  let child = await begin(program)
  if (!child) return undefined
  const end = async (signal: NodeJS.Signals) => {
    if (!child) return
    const ended = once(child, 'close')
    child.kill(signal)
    child = undefined
    await ended
  }
  return {
    env,
    kill: () => end('SIGKILL'),
    async revive() {
      for (let tries = 0; !child && tries < TRIES; tries++) child = await begin(program)
      if (!child) throw new Error(`${program.command} does not come back.`)
    },
    async close() {
      await end('SIGTERM')
      await rm(dir, { recursive: true, force: true })
    },
  }
}

async function redis(): Promise<Mortal | undefined> {
  const [dir, port] = [await mkdtemp(join(tmpdir(), 'deltatape-redis-')), await freePort()]
  const settings = { port, bind: '127.0.0.1', save: '', appendonly: 'yes', 'maxmemory-policy': 'noeviction', dir }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
  const program = { command: 'redis-server', args, ready: 'Ready to accept connections' }
  return mortal(program, dir, { FIXTURES: `redis://127.0.0.1:${port}` })
}

/** Debian keeps the programs of PostgreSQL out of the way. */
async function programsOfPostgres(): Promise<string | undefined> {
  const versions = await readdir('/usr/lib/postgresql').catch(() => [])
  const [newest] = versions.toSorted((a, b) => Number(b) - Number(a))
  return newest && `/usr/lib/postgresql/${newest}/bin`
}

async function postgres(): Promise<Mortal | undefined> {
  const bin = await programsOfPostgres()
  if (bin === undefined) return undefined
  const [dir, port] = [await mkdtemp(join(tmpdir(), 'deltatape-postgres-')), await freePort()]
  const uid = process.getuid?.() === 0 ? await uidOf('nobody') : undefined
  if (uid !== undefined) await chown(dir, uid, uid)
  await chmod(dir, 0o700)
  const data = join(dir, 'data')
  execFileSync(join(bin, 'initdb'), ['-D', data, '-A', 'trust', '-U', 't', '--no-sync'], {
    uid,
    stdio: 'ignore',
    cwd: '/',
  })
  const settings = ['listen_addresses=127.0.0.1', `unix_socket_directories=${dir}`, 'max_connections=200']
  const args = ['-D', data, '-p', port, ...settings.flatMap((each) => ['-c', each])]
  const program = { command: join(bin, 'postgres'), args, uid, ready: 'ready to accept connections' }
  return mortal(program, dir, { FIXTURES: `postgres://t@127.0.0.1:${port}/postgres` })
}

async function uidOf(user: string): Promise<number | undefined> {
  const [, uid] = new RegExp(`^${user}:[^:]*:(\\d+):`, 'm').exec(await readFile('/etc/passwd', 'utf8')) ?? []
  return uid === undefined ? undefined : Number(uid)
}

/** A bucket that others use, too: what is killed is the way there, with all that is on it. */
async function s3(): Promise<Mortal | undefined> {
  const {
    TEST_S3,
    AWS_ENDPOINT_URL_S3,
    AWS_ACCESS_KEY_ID = '',
    AWS_SECRET_ACCESS_KEY = '',
    AWS_REGION = '',
  } = process.env
  if (!TEST_S3 || !AWS_ENDPOINT_URL_S3) return undefined
  const { hostname, port } = new URL(AWS_ENDPOINT_URL_S3)
  const way = await wayTo(hostname, Number(port || 80))
  const place = `${TEST_S3.replace(/\/$/, '')}/soak-${randomUUID()}`
  const keys = { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION }
  return {
    env: { FIXTURES: place, AWS_ENDPOINT_URL_S3: way.url, ...keys },
    kill: way.cut,
    revive: way.open,
    async close() {
      await way.cut()
      const driver = openS3({ place, clock: systemClock, timeoutMs: 10_000 })
      for await (const { entries } of driver.list()) await Promise.all(entries.map(({ name }) => driver.remove(name)))
      await driver.close()
    },
  }
}

/** Passes on what comes to a port. */
async function wayTo(host: string, port: number) {
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const there = connect(port, host)
    for (const [each, other] of [
      [client, there],
      [there, client],
    ] as const) {
      sockets.add(each)
      each
        .on('error', () => {})
        .once('close', () => {
          sockets.delete(each)
          other.destroy()
        })
      each.pipe(other)
    }
  })
  const own = await freePort()
  const open = async () => {
    server.listen(Number(own), '127.0.0.1')
    await once(server, 'listening')
  }
  await open()
  return {
    url: `http://127.0.0.1:${own}`,
    open,
    async cut() {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.resetAndDestroy()
      await closed
    },
  }
}

/** The engines that can be tried; each gives undefined where this machine has none. */
export const MORTALS = { redis, postgres, s3 } as const satisfies Record<string, () => Promise<Mortal | undefined>>

export type MortalName = keyof typeof MORTALS
