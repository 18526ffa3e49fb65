/** The page about written answers: what it says to do is done, in a project of a user. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { installed } from '../kit/packed.ts'
import { runServer } from '../kit/tools.ts'

const run = promisify(execFile)

const page = await readFile('docs/answers.md', 'utf8')

const blocksOf = (language: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, code = '']) => code)

test('every command runs as it is written', async () => {
  const cwd = await installed()
  const { PATH = '', HOME = '' } = process.env
  // npx takes a second to find what it runs.
  const env = { PATH: `${join(cwd, 'node_modules/.bin')}:${PATH}`, HOME }
  for (const code of blocksOf('sh')) {
    const { stdout, stderr } = await run('sh', ['-ec', `npx() { "$@"; }\n${code}`], { cwd, env })
    expect(stderr).not.toContain('deltatape: ')
    expect(stdout).toContain('Wrote fixtures/')
  }
  const { stdout } = await run('sh', ['-c', 'deltatape ls --json'], { cwd, env })
  const listed: unknown = JSON.parse(stdout)
  expect(listed).toEqual(expect.arrayContaining([expect.objectContaining({ text: 'Hello, Bob' })]))
})

test('the example prints what the page says', async () => {
  const [code = ''] = blocksOf('js')
  const [prints] = blocksOf('text')
  const { url } = await runServer({})
  const cwd = await installed({ 'example.mjs': code.replace('http://127.0.0.1:3300', url) }, ['openai'])
  const { stdout } = await run(process.execPath, ['example.mjs'], { cwd })
  expect(stdout).toBe(prints)
})
