/**
 * Agent programs as their users run them: recorded in one folder, and replayed in another, under another home, on another
 * day, by the rules that have a word, and at most those that a miss names.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { parseObject } from '../../server/base/json.ts'
import { objectOf } from '../../server/api/told.ts'
import { startStandIn } from '../kit/standin.ts'
import { PROGRAMS, type Program, answerTo } from './programs.ts'
import { startProcess } from './process.ts'
import type { Outcome } from './scenarios.ts'

const WORDS = ['cwd', 'home', 'tmp', 'date']

/** How often a rule is taken from a miss, for one program. */
const MAX_MENDS = 3

const CLI = fileURLToPath(new URL('../../server/cli.ts', import.meta.url))

/** A place of work, and a time zone. */
interface Desk {
  readonly home: string
  readonly project: string
  readonly env: Readonly<Record<string, string>>
}

/** A program may take its time. */
const MAX_RUN_MS = 90_000

async function deskIn(folder: string, name: string, path: string, zone: string): Promise<Desk> {
  const home = join(folder, name)
  const [project, tmp] = [join(home, path), join(folder, `${name}-tmp`)]
  await Promise.all([mkdir(project, { recursive: true }), mkdir(tmp)])
  await writeFile(join(project, 'note.txt'), 'A note.\n')
  const { PATH = '' } = process.env
  return { home, project, env: { PATH, HOME: home, TMPDIR: tmp, TZ: zone } }
}

const setRules = (folder: string, replace: readonly unknown[]): Promise<void> =>
  writeFile(join(folder, 'rules.json'), JSON.stringify({ match: { replace } }))

interface Run {
  readonly said: string
  /** The words of the first miss. */
  readonly missed: string | undefined
  readonly why: string
}

/** Runs a program at a desk, against a server that works there too. */
async function run(bin: string, program: Program, desk: Desk, env: Readonly<Record<string, string>>): Promise<Run> {
  const { home, project } = desk
  const server = await startProcess({ ...desk.env, LOG_LEVEL: 'info', ...env }, project)
  const { args, env: own = {}, files = {} } = program.start(server.url, home)
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(home, name)), { recursive: true })
    await writeFile(join(home, name), content)
  }
  const child = spawn(join(bin, program.command), args, {
    cwd: project,
    env: { ...desk.env, ...own },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: MAX_RUN_MS,
  })
  const [said, told, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  await server.stop()
  const lines = server.lines.flatMap((each) => each.split('\n')).map((line) => parseObject(line) ?? {})
  const missed = lines.find((line) => line.code === 'fixture_miss')?.error
  return {
    said,
    missed: typeof missed === 'string' ? missed : undefined,
    why: code === 0 ? '' : `it ended with ${String(code)}: ${told.slice(-500)}`,
  }
}

/** The rules that a miss names. */
function rulesIn(missed: string): readonly unknown[] {
  const [, named = '{}'] = /The rule (\{.*\}) in deltatape\.config\.json/.exec(missed) ?? []
  const { replace } = objectOf(objectOf(parseObject(named)).match)
  return Array.isArray(replace) ? replace : []
}

/** Records a program, and replays it elsewhere. Tells how many rules of misses it took, or what went wrong. */
async function replayed(bin: string, program: Program): Promise<number | string> {
  const folder = await mkdtemp(join(tmpdir(), 'deltatape-agents-'))
  const standIn = await startStandIn((call, index) => answerTo(program, call, index))
  const origin = new URL(standIn.url).origin
  const env = { FIXTURES: join(folder, 'fixtures'), CONFIG_FILE: join(folder, 'rules.json') }
  try {
    const rules: unknown[] = [...WORDS, ...(program.replace ?? [])]
    await setRules(folder, rules)
    const upstreams = { OPENAI_BASE_URL: standIn.url, ANTHROPIC_BASE_URL: origin, GOOGLE_GEMINI_BASE_URL: origin }
    const here = await deskIn(folder, 'ada', 'code/notes', 'Etc/GMT+12')
    const recorded = await run(bin, program, here, { ...env, ...upstreams, MODEL_MODE: 'record' })
    if (standIn.calls.length < 2 || recorded.why !== '') return `it was not recorded: ${recorded.why}`
    const there = await deskIn(folder, 'runner', 'work/notes/notes', 'Etc/GMT-14')
    for (let mends = 0; ; mends++) {
      const { said, missed, why } = await run(bin, program, there, env)
      if (missed === undefined) return why || (said === recorded.said ? mends : `it said ${said}`)
      const named = rulesIn(missed)
      if (mends === MAX_MENDS || named.length === 0) return missed
      await setRules(folder, [...rules, ...named])
      rules.push(...named)
      await promisify(execFile)(process.execPath, [CLI, 'redact', '--apply'], {
        cwd: there.project,
        env: { ...there.env, ...env },
      })
    }
  } finally {
    await standIn.close()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Every program that is installed in the folder that `AGENTS` names; there are no such programs otherwise. */
export async function agents(): Promise<Outcome> {
  const { AGENTS } = process.env
  if (AGENTS === undefined) return { figure: 'skipped: set AGENTS to a folder in which they are installed', held: true }
  const bin = resolve(AGENTS, 'node_modules/.bin')
  const told: string[] = []
  let held = true
  for (const [name, program] of Object.entries(PROGRAMS)) {
    if (!existsSync(join(bin, program.command))) continue
    const came = await replayed(bin, program)
    held &&= typeof came === 'number'
    told.push(
      `${name}: ${typeof came === 'string' ? came : came === 0 ? 'hits' : `hits with ${came} × the rule of its miss`}`,
    )
  }
  return { figure: told.join('; '), held: held && told.length > 0 }
}
