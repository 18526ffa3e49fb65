/** The README is short, what it names is there, and who follows it gets where it says. */
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import { answerBundled, atOnce } from './kit/bundled.ts'
import { PAGES, readPage } from './kit/docs.ts'
import { installed, userEnv } from './kit/packed.ts'
import { type StandIn, startStandIn } from './kit/standin.ts'

const readme = await readPage('README.md')

test('the README can be read in ten minutes', () => {
  expect(readme.split('\n').length).toBeLessThanOrEqual(150)
})

test('every script that a page names is one', async () => {
  // What a message names is a script of whoever reads it.
  const pages = PAGES.filter((page) => page !== 'docs/messages.md')
  const text = (await Promise.all(pages.map(readPage))).join('\n')
  const code = (text.match(/^```[^]*?^```$|`[^`\n]+`/gm) ?? []).join('\n')
  const named = [...code.matchAll(/npm (?:run )?(start|test|[a-z]+(?::[a-z]+)?)\b/g)].map(([, script = '']) => script)
  const others = ['ci', 'run', 'scripts', 'install', 'init', 'run dev']
  const scripts = new Set(named.filter((script) => !others.includes(script)))
  expect(Object.keys(manifest.scripts)).toEqual(expect.arrayContaining([...scripts]))
})

/** A command of a block, and what is shown below it. */
interface Shown {
  readonly line: string
  readonly shown: readonly string[]
}

const [, section = ''] = readme.split('\n## Start in your project\n')
const start = section.split('\n## ')[0] ?? ''
const codes = [...start.matchAll(/^```(?:js|ts)\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code)
const blocks = (kind: string) => [...start.matchAll(new RegExp(`^\`\`\`${kind}\n([\\s\\S]*?)^\`\`\`$`, 'gm'))]
const shownIn = blocks('console').flatMap(([, block = '']): Shown[] =>
  block.split(/^\$ /m).flatMap((part) => {
    const [line = '', ...shown] = part.split('\n').filter((each) => each !== '')
    return line === '' ? [] : [{ line, shown }]
  }),
)

/** An app and its test, as a user has them before deltatape. */
const USERS = {
  'greet.js': `import OpenAI from 'openai'
const openai = new OpenAI()
export async function greet(name) {
  try {
    return (await openai.responses.create({ model: 'gpt-4.1-mini', input: \`My name is \${name}.\` })).output_text
  } catch {
    return 'Hello!'
  }
}
`,
  'greet.test.js': `import { expect, test } from 'vitest'
import { greet } from './greet.js'
test('greets', async () => expect(await greet('Ada')).toContain('Ada'))
`,
}

describe('who has only the README', async () => {
  const folder = await installed(USERS, ['openai', 'vitest'], (undo) => afterAll(undo))
  const asked: unknown[] = []
  const api: StandIn = await startStandIn((call) => {
    asked.push(call.body)
    return atOnce(answerBundled(call))
  })
  afterAll(() => api.close())

  /** Runs a line of the README, where the key is spelled out and the API is near. */
  const ran = async (line: string): Promise<{ code: number; said: string }> => {
    const recording = line.includes('sk-…')
    const env = userEnv(recording ? { OPENAI_BASE_URL: api.url } : {})
    const command = line.replace('sk-…', 'sk-of-nobody-0123456789')
    try {
      const { stdout, stderr } = await promisify(execFile)('sh', ['-c', command], { cwd: folder, env })
      return { code: 0, said: stdout + stderr }
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && 'stdout' in error && 'stderr' in error)) throw error
      return { code: Number(error.code), said: `${String(error.stdout)}${String(error.stderr)}` }
    }
  }

  test('has a first recording, and a replay for which nobody is asked', async () => {
    const app = join(folder, 'app.mjs')
    await writeFile(app, codes[0] ?? '')
    const [record, replay, another] = shownIn
    for (const step of [record, replay]) {
      const { code, said } = await ran(step?.line ?? '')
      expect(code, said).toBe(0)
      expect(said.split('\n')).toEqual(expect.arrayContaining([...(step?.shown ?? ['nothing'])]))
    }
    expect(asked).toHaveLength(1)

    await writeFile(app, (codes[0] ?? '').replace('Ada', 'Grace'))
    const { code, said } = await ran(another?.line ?? '')
    expect(code).toBe(1)
    for (const line of another?.shown ?? []) expect(said).toContain(line.split('…')[0])
    expect(asked).toHaveLength(1)
  })

  test('has green tests that need no network, and a red one where a prompt changed', async () => {
    await writeFile(join(folder, 'vitest.config.ts'), codes[1] ?? '')
    const [, lines] = blocks('sh').map(([, block = '']) => block.split('\n').filter((line) => line !== ''))
    const before = asked.length
    for (const line of lines ?? []) {
      const { code, said } = await ran(line)
      expect([code, said]).toEqual([0, expect.stringContaining('1 passed')])
    }
    expect(asked.length).toBe(before + 1)

    const greet = await readFile(join(folder, 'greet.js'), 'utf8')
    await writeFile(join(folder, 'greet.js'), greet.replace('My name is', 'I am'))
    const { code, said } = await ran(lines?.at(-1) ?? '')
    expect(code).toBe(1)
    expect(said).toMatch(/FAIL .*greet\.test\.js > greets[\s\S]*No fixture for this request[\s\S]*My name is/)
    expect(asked.length).toBe(before + 1)
  })
})
