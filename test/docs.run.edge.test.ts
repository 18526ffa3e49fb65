/** Every command of the page about `deltatape run`, as a user would run it: from the package, in a project of their own. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { answerBundled, atOnce } from './kit/bundled.ts'
import { linesOf, readPage } from './kit/docs.ts'
import { installed } from './kit/packed.ts'
import { runStandIn } from './kit/tools.ts'

const PROJECT = {
  'app.mjs': `
    import OpenAI from 'openai'
    const stream = await new OpenAI().responses.create({ model: 'gpt-4.1-mini', input: 'My name is Ada.', stream: true })
    for await (const event of stream) if (event.type === 'response.output_text.delta') process.stdout.write(event.delta)
    console.log()`,
  'swallows.mjs': `
    import OpenAI from 'openai'
    await new OpenAI().responses.create({ model: 'gpt-4.1-mini', input: 'My name is Grace.' }).catch(() => {})`,
  'stray.mjs': `await fetch('https://api.openai.com/v1/models').catch(() => {})`,
  'test_app.py': `
import json, os, unittest
from urllib.request import Request, urlopen
class App(unittest.TestCase):
    def test_greets(self):
        body = json.dumps({'model': 'gpt-4.1-mini', 'input': 'My name is Ada.', 'stream': True}).encode()
        call = Request(os.environ['OPENAI_BASE_URL'] + '/responses', body, {'content-type': 'application/json'})
        self.assertIn('Ada', urlopen(call).read().decode())`,
  'package.json': '{ "name": "project", "version": "1.0.0", "type": "module", "scripts": { "test": "node app.mjs" } }',
}

const page = await readPage('docs/run.md')

test('every command runs as it stands, and writes what the page shows', async () => {
  const folder = await installed(PROJECT, ['openai'])
  const api = await runStandIn((call) => atOnce(answerBundled(call)))
  const { PATH = '', HOME = '' } = process.env
  const run = (line: string, env: Record<string, string> = {}) =>
    new Promise<{ line: string; code: number; out: string; err: string }>((resolve) => {
      const options = { cwd: folder, env: { PATH, HOME, ...env } }
      const child = execFile('sh', ['-c', line], options, (_error, out, err) =>
        resolve({ line, code: child.exitCode ?? -1, out, err }),
      )
    })
  const hasPython = existsSync('/usr/bin/python3')
  const [record = '', ...rest] = linesOf(page).filter((line) => hasPython || !line.includes('python3'))
  expect(record).toContain('--mode record')
  const recorded = await run(record.replace('sk-…', 'sk-any-other-key'), { OPENAI_BASE_URL: api.url })
  expect(recorded).toMatchObject({ code: 0, out: 'Nice to meet you, Ada! What can I do for you?\n' })
  expect(recorded.err).toContain('deltatape: recorded: 1 saved')

  const all = await Promise.all(rest.map((line) => run(line)))
  for (const { line, code, err } of all) {
    const isFailure = /swallows|stray/.test(line)
    expect([line, err.includes('deltatape')]).toEqual([line, isFailure])
    if (!line.includes('--fault')) expect([line, code]).toEqual([line, isFailure ? 1 : 0])
    if (!isFailure) continue
    const [, below = ''] = page.split(`$ ${line}\n`)
    for (const text of below.slice(0, below.indexOf('```')).split('\n').filter(Boolean)) {
      expect(err).toContain(text.split('…')[0])
    }
  }
  expect(api.calls).toHaveLength(1)
})
