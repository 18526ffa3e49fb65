import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test, vi } from 'vitest'
import { describeIgnored } from '../../server/store/ignored.ts'
import { commitAll, temporaryFolder } from '../kit/tools.ts'

const NAMES = ['a.jsonl', 'chat/b.jsonl']
const FOLDER = 'pkg/fixtures'

/** A repository with two fixtures in `pkg/fixtures`, and with these files; `top` is where all of it is. */
async function repository(files: Readonly<Record<string, string>>) {
  const top = await temporaryFolder()
  await promisify(execFile)('git', ['init', '--quiet'], { cwd: top })
  const all = { ...Object.fromEntries(NAMES.map((name) => [`${FOLDER}/${name}`, ''])), ...files }
  for (const [name, text] of Object.entries(all)) {
    await mkdir(dirname(join(top, name)), { recursive: true })
    await writeFile(join(top, name), text)
  }
  return { top, told: () => describeIgnored(join(top, FOLDER), NAMES) }
}

test.each([
  {
    rules: ['.gitignore', 'node_modules\nfixtures/\n'],
    told: 'git ignores 2 fixtures by line 2 of .gitignore (fixtures/), so nobody else gets them. Write `!/pkg/fixtures/` below that line.',
  },
  {
    rules: ['pkg/.gitignore', 'a*\n'],
    told: 'git ignores a fixture by line 1 of pkg/.gitignore (a*), so nobody else gets it. Write `!/fixtures/**` below that line.',
  },
  {
    rules: ['pkg/fixtures/.gitignore', '*\n'],
    told: 'git ignores 2 fixtures by line 1 of pkg/fixtures/.gitignore (*), so nobody else gets them. Write `!/**` below that line.',
  },
  {
    rules: ['.git/info/exclude', '*.jsonl\n'],
    told: 'git ignores 2 fixtures by line 1 of .git/info/exclude (*.jsonl), so nobody else gets them. Write `!/pkg/fixtures/**` into .gitignore.',
  },
] as const)(
  'says which line of $rules.0 hides fixtures, and the line with which it does not',
  async ({ rules, told }) => {
    const [file, text] = rules
    const { top, told: tell } = await repository({ [file]: text })
    expect(await tell()).toBe(told)
    const [, line = ''] = /Write `(.*)`/.exec(told) ?? []
    const into = told.endsWith('into .gitignore.') ? '.gitignore' : file
    await writeFile(join(top, into), `${into === file ? text : ''}${line}\n`)
    expect(await tell()).toBeUndefined()
  },
)

test('a folder around theirs that is hidden is not shown for their sake, nor all of a project', async () => {
  const mend = 'Take that line away, or name another folder in FIXTURES.'
  const { told } = await repository({ '.gitignore': 'pkg\n' })
  expect(await told()).toBe(`git ignores 2 fixtures by line 1 of .gitignore (pkg), so nobody else gets them. ${mend}`)
  const { top } = await repository({ '.gitignore': '*.jsonl\n', 'a.jsonl': '' })
  expect(await describeIgnored(top, NAMES)).toBe(
    `git ignores a fixture by line 1 of .gitignore (*.jsonl), so nobody else gets it. ${mend}`,
  )
})

test('what stands beside a fixture belongs to it', async () => {
  const { top, told } = await repository({ '.gitignore': '*.bin\n', [`${FOLDER}/a.bin`]: '' })
  expect(await told()).toMatch(/^git ignores a fixture by line 1 of \.gitignore \(\*\.bin\)/)
  await rm(join(top, FOLDER, 'a.bin'))
  expect(await told()).toBeUndefined()
})

test('says nothing of what is committed all the same, outside of a repository, and without git', async () => {
  const { top, told } = await repository({})
  await commitAll(top)
  await writeFile(join(top, '.gitignore'), 'fixtures/\n')
  expect(await told()).toBeUndefined()
  expect(await describeIgnored(await temporaryFolder(), NAMES)).toBeUndefined()
  expect(await describeIgnored(join(top, 'nowhere'), NAMES)).toBeUndefined()
  await writeFile(join(top, FOLDER, 'c.jsonl'), '')
  const toldOfNew = () => describeIgnored(join(top, FOLDER), [...NAMES, 'c.jsonl'])
  expect(await toldOfNew()).toMatch(/^git ignores a fixture /)
  vi.stubEnv('PATH', '')
  onTestFinished(() => void vi.unstubAllEnvs())
  expect(await toldOfNew()).toBeUndefined()
})
