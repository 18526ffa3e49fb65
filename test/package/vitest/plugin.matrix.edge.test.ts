/** The plugin in every pool of every vitest, with and without isolation, and in projects: real processes, from the tarball. */
import { cp, readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import pLimit from 'p-limit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compose } from '../../kit/answers.ts'
import { folderWith } from '../../kit/tools.ts'
import { type Ran, VERSIONS, configWith, projectWith, runVitest } from '../../kit/vitest.ts'

const project = join(import.meta.dirname, 'project')

const ada = {
  'My name is Ada.': { events: compose('ada').text(['Hi', ' Ada,', ' how', ' are', ' you?']).completed() },
}

const BY_ROOT = configWith(`
  plugins: [deltatape()],
  test: { projects: [{ extends: true, test: { name: 'a' } }, { extends: true, test: { name: 'b' } }] },
`)

const BY_PROJECT = configWith(`
  test: { projects: [
    { plugins: [deltatape()], test: { name: 'a' } },
    { plugins: [deltatape({})], test: { name: 'b' } },
    { test: { name: 'without', include: ['plain.ts'] } },
  ] },
`)

const PLAIN = `import { expect, test } from 'vitest'
test('passes: without the plugin there is nothing of it', (context) => {
  expect('tape' in context).toBe(false)
})
`

const cells = ['forks', 'threads', 'vmThreads'].flatMap((pool) => [
  { name: pool, args: [`--pool=${pool}`] },
  { name: `${pool} without isolation`, args: [`--pool=${pool}`, '--no-isolate', '--maxWorkers=1'] },
])

/** A machine has two cores at least. */
const slot = pLimit(2)

/** Whether tests that run at the same time are told apart. */
const isSeparate = (version: string) => Number(version) > 3

describe.each(VERSIONS)('vitest %s', (version) => {
  const undo: (() => Promise<void>)[] = []
  let folder = ''
  beforeAll(async () => {
    const atTheEnd = (act: () => Promise<void>) => void undo.push(act)
    const names = await readdir(project)
    const files = await Promise.all(names.map(async (name) => [name, await readFile(join(project, name), 'utf8')]))
    folder = await projectWith(
      {
        ...Object.fromEntries(files),
        'plain.ts': PLAIN,
        'by-root.config.ts': BY_ROOT,
        'by-project.config.ts': BY_PROJECT,
      },
      ['openai', 'ws'],
      { version, atTheEnd },
    )
    await cp(await folderWith(ada, atTheEnd), join(folder, 'fixtures'), { recursive: true })
  })
  afterAll(async () => {
    for (const act of undo) await act()
  })

  test.concurrent.each(cells)('$name', async ({ args }) => {
    const ran = await slot(() => runVitest(folder, args, { OPENAI_API_KEY: 'sk-real' }))
    expectAll(ran, version)
    expect(ran.tests.size).toBe(28)
  })

  test.concurrent.each(['by-root', 'by-project'])('projects, %s', async (name) => {
    const ran = await slot(() => runVitest(folder, ['--config', `${name}.config.ts`, 'two', 'plain']))
    expectEnds(ran, version)
    expect([...ran.tests.keys()]).toContain('misses: my-name-is-dora-')
    expect(ran.tests.has('passes: without the plugin there is nothing of it')).toBe(name === 'by-project')
    expect(ran.output.match(/FixtureMiss/g)).toHaveLength(2)
  })
})

function expectAll(ran: Ran, version: string): void {
  expectEnds(ran, version)
  expect(ran.code).toBe(1)
  // What is asked around tests fails their file.
  for (const name of ['Before', 'After', 'Hidden']) expect(ran.files).toContain(`My name is [-Ada-]{+${name}+}.`)
  if (isSeparate(version)) expect(ran.files).toContain('left behind asks later" was over: No fixture')
  expect(ran.output).not.toMatch(/sk-real|close timed out|Unhandled/)
}

/** Each test ends as its title says. */
function expectEnds({ tests, output }: Ran, version: string): void {
  expect(tests.size, output).toBeGreaterThan(0)
  for (const [title, { status, messages }] of tests) {
    const [, apart, how, asked = ''] = /^(apart, )?(\w+): (.*)$/.exec(title) ?? []
    if (apart && !isSeparate(version)) continue
    const fails = how === 'misses'
    expect([title, status], output).toEqual([title, fails ? 'failed' : 'passed'])
    if (fails) expect(messages).toContain(asked)
    if (fails) expect(messages).toContain('FixtureMiss')
  }
}
