/** Disks that fail while a server records: each turn is answered, what was not saved is said, and what is there is whole. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parseFixture } from '../../server/fixture/file.ts'
import { compose, steps } from '../kit/answers.ts'
import { connect } from '../kit/client.ts'
import { startStandIn } from '../kit/standin.ts'
import { startProcess, type Watched } from './process.ts'
import type { Outcome } from './scenarios.ts'

const run = promisify(execFile)

/** An answer of some 20 kB. */
const answer = steps(
  compose('disk')
    .text(Array.from({ length: 100 }, (_, index) => ` ${index}`))
    .completed(),
)

/** What is in a folder: whole fixtures, damaged ones, and what was left behind. */
async function look(dir: string) {
  const found = { whole: 0, damaged: 0, left: 0 }
  for (const name of await readdir(dir)) {
    if (name.startsWith('.')) found.left++
    else {
      const text = await readFile(join(dir, name), 'utf8')
      try {
        parseFixture(text, name)
        found.whole++
      } catch {
        found.damaged++
      }
    }
  }
  return found
}

/** Asks some questions, one after another; how many were answered. */
async function ask(server: Watched, name: string, count: number): Promise<number> {
  const chat = await connect(`${server.url}/ws`)
  let answered = 0
  for (let index = 0; index < count; index++) {
    chat.send({ input: `${name} ${index}` })
    if ((await chat.next()).type === 'message') answered++
  }
  await chat.close()
  return answered
}

async function withUpstream(work: (env: Record<string, string>, dir: string) => Promise<Outcome>): Promise<Outcome> {
  const standIn = await startStandIn(() => ({ steps: answer }))
  const dir = await mkdtemp(join(tmpdir(), 'deltatape-disk-'))
  const env = {
    MODEL_MODE: 'record',
    LOG_LEVEL: 'info',
    OPENAI_API_KEY: 'sk-stand-in',
    OPENAI_BASE_URL: standIn.url,
    FIXTURES_DIR: dir,
  }
  try {
    return await work(env, dir)
  } finally {
    await standIn.close()
    await rm(dir, { recursive: true, force: true })
  }
}

/** How many turns the log tells of whose answer was not saved. */
const unsaved = (server: Watched): number =>
  server.lines
    .join('')
    .split('\n')
    .filter((line) => line.includes('"endpoint"') && line.includes('the file could not be written')).length

/** A disk that is full, or that can only be read. Takes the right to mount; without it nothing is tried. */
export const smallDisk = (then: 'fill it' | 'make it read-only'): Promise<Outcome> =>
  withUpstream(async (env, dir) => {
    try {
      await run('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'deltatape', dir])
    } catch {
      return { figure: 'not tried: only root can mount a disk of 256 kB', held: true }
    }
    try {
      const server = await startProcess(env)
      const before = await ask(server, 'before', 3)
      if (then === 'make it read-only') await run('mount', ['-o', 'remount,ro', dir])
      const after = await ask(server, 'after', 20)
      const code = await server.stop()
      const { whole, damaged, left } = await look(dir)
      const said = unsaved(server)
      return {
        figure: `${before + after} of 23 turns answered, ${whole} fixtures whole, ${damaged} damaged, ${left} files left behind, ${said} said to be not saved`,
        held: before + after === 23 && damaged === 0 && left === 0 && said > 0 && whole + said === 23 && code === 0,
      }
    } finally {
      await run('umount', [dir])
    }
  })

/** A fixtures folder that goes away, and comes back. */
export const vanishing = (): Promise<Outcome> =>
  withUpstream(async (env, parent) => {
    const dir = join(parent, 'fixtures')
    const server = await startProcess({ ...env, FIXTURES_DIR: dir })
    const before = await ask(server, 'before', 3)
    await rename(dir, `${dir}-elsewhere`)
    const without = await ask(server, 'without', 3)
    await mkdir(dir)
    const again = await ask(server, 'again', 3)
    const code = await server.stop()
    const said = unsaved(server)
    const [here, elsewhere] = [await look(dir), await look(`${dir}-elsewhere`)]
    const whole = here.whole + elsewhere.whole
    return {
      figure: `${before + without + again} of 9 turns answered, ${whole} fixtures whole, ${said} said to be not saved`,
      held:
        before + without + again === 9 &&
        whole === 6 &&
        said === 3 &&
        here.damaged + elsewhere.damaged === 0 &&
        code === 0,
    }
  })

/** Two processes that record the same questions into one folder. */
export const twoRecorders = (questions: number): Promise<Outcome> =>
  withUpstream(async (env, dir) => {
    const servers = await Promise.all([startProcess(env), startProcess(env)])
    const answered = await Promise.all(
      servers.flatMap((server) => [ask(server, 'both', questions), ask(server, 'both', questions)]),
    )
    const codes = await Promise.all(servers.map((server) => server.stop()))
    const { whole, damaged, left } = await look(dir)
    const all = answered.reduce((sum, count) => sum + count, 0)
    return {
      figure: `${all} of ${4 * questions} turns answered, ${whole} fixtures whole of ${questions}, ${damaged} damaged, ${left} files left behind`,
      held:
        all === 4 * questions &&
        whole === questions &&
        damaged === 0 &&
        left === 0 &&
        codes.every((code) => code === 0),
    }
  })
