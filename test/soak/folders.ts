/** Folders that are not as expected while servers record into them and play from them. */
import { mkdir, mkdtemp, readFile, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseFixture } from '../../server/fixture/file.ts'
import { isGood } from '../../server/fixture/fixture.ts'
import { compose, steps } from '../kit/answers.ts'
import { type Answer, startStandIn } from '../kit/standin.ts'
import { startProcess } from './process.ts'
import type { Outcome } from './scenarios.ts'

const answer: Answer = { steps: steps(compose('folder').text(['Hi', ' there']).completed()) }

async function post(url: string, input: string): Promise<number> {
  const response = await fetch(`${url}/v1/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', input, stream: true }),
  })
  await response.text()
  return response.status
}

/** Whether a folder holds one good fixture for each call, and nothing else. */
async function holdsGood(dir: string, count: number): Promise<boolean> {
  const names = await readdir(dir)
  const good = names.map(async (name) => isGood(parseFixture(await readFile(join(dir, name), 'utf8'), name)))
  return names.length === count && (await Promise.all(good)).every(Boolean)
}

/** Two servers that record the same calls at the same moment: one gets an answer, the other is refused. */
export async function failureOverGood(rounds: number): Promise<Outcome> {
  const dir = await mkdtemp(join(tmpdir(), 'deltatape-soak-'))
  let calls = 0
  const refused: Answer = { status: 429, body: '{"error":{"message":"slow down"}}' }
  let pair = Promise.withResolvers<void>()
  const standIn = await startStandIn((_call, index) => {
    // Both are answered at once.
    const both = pair
    if (++calls % 2 === 0) {
      pair.resolve()
      pair = Promise.withResolvers()
    }
    const first = [{ until: both.promise }, ...(answer.steps ?? [])]
    return index % 2 === 0 ? { steps: first } : refused
  })
  const env = {
    MODEL_MODE: 'record',
    RECORD_FAILURES: '1',
    OPENAI_API_KEY: 'sk-stand-in',
    OPENAI_BASE_URL: standIn.url,
    FIXTURES_DIR: dir,
  }
  const servers = await Promise.all([startProcess(env), startProcess(env)])
  let answered = 0
  for (let round = 0; round < rounds; round++) {
    const statuses = await Promise.all(servers.map(({ url }) => post(url, `question ${round}`)))
    if (statuses.toSorted().join() === '200,429') answered++
  }
  const codes = await Promise.all(servers.map((server) => server.stop()))
  await standIn.close()
  const whole = await holdsGood(dir, rounds)
  await rm(dir, { recursive: true })
  return {
    figure: `${answered} of ${rounds} calls answered once and refused once; each fixture ${whole ? 'is' : 'IS NOT'} the answer`,
    held: whole && answered === rounds && codes.every((code) => code === 0),
  }
}

/** What happens to a folder, and is over again: the whole of it away, and a fixture that nobody can read or that is none. */
const TROUBLES: readonly ((dir: string, name: string) => Promise<() => Promise<void>>)[] = [
  async (dir) => {
    await rename(dir, `${dir}-away`)
    return () => rename(`${dir}-away`, dir)
  },
  async (dir) => {
    await rename(dir, `${dir}-away`)
    await writeFile(dir, '')
    return async () => {
      await rm(dir)
      await rename(`${dir}-away`, dir)
    }
  },
  async (dir, name) => {
    await rename(join(dir, name), join(dir, '.kept'))
    await symlink(name, join(dir, name))
    return () => rename(join(dir, '.kept'), join(dir, name))
  },
  async (dir, name) => {
    await rename(join(dir, name), join(dir, '.kept'))
    await mkdir(join(dir, name))
    return async () => {
      await rm(join(dir, name), { recursive: true })
      await rename(join(dir, '.kept'), join(dir, name))
    }
  },
  async (dir, name) => {
    await rename(join(dir, name), join(dir, '.kept'))
    await writeFile(join(dir, name), `{"deltatape":2,"request":${'['.repeat(20_000)}`)
    return () => rename(join(dir, '.kept'), join(dir, name))
  },
]

/** A server in `auto` whose folder has troubles: what was recorded is played or is an error, and is never asked for again. */
export async function folders(rounds: number): Promise<Outcome> {
  const parent = await mkdtemp(join(tmpdir(), 'deltatape-soak-'))
  const dir = join(parent, 'fixtures')
  const standIn = await startStandIn(() => answer)
  const server = await startProcess({
    MODEL_MODE: 'auto',
    OPENAI_API_KEY: 'sk-stand-in',
    OPENAI_BASE_URL: standIn.url,
    FIXTURES_DIR: dir,
  })
  await post(server.url, 'question')
  const [name = ''] = await readdir(dir)
  const before = await readFile(join(dir, name), 'utf8')
  let [told, played] = [0, 0]
  for (let round = 0; round < rounds; round++) {
    for (const trouble of TROUBLES) {
      const end = await trouble(dir, name)
      if ((await post(server.url, 'question')) === 500) told++
      await end()
      if ((await post(server.url, 'question')) === 200) played++
    }
  }
  const calls = standIn.calls.length
  const same = (await readFile(join(dir, name), 'utf8')) === before
  const code = await server.stop()
  await standIn.close()
  await rm(parent, { recursive: true })
  const all = rounds * TROUBLES.length
  return {
    figure: `${told} of ${all} troubles of a folder told, ${played} over when they were over, ${calls - 1} calls made for what was recorded`,
    held: told === all && played === all && calls === 1 && same && code === 0,
  }
}
