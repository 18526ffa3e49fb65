/** What the README lists is what there is. */
import { readFile, readdir } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import { parseObject } from '../server/base/json.ts'
import { readConfig } from '../server/serve/config.ts'
import { runSnippet, snippetsBelow } from './kit/snippets.ts'
import { runServer, temporaryFolder } from './kit/tools.ts'

const readme = await readFile('README.md', 'utf8')

/** The first cells of the rows of the table below a heading. */
function cellsBelow(heading: string): string[] {
  const [, rest = ''] = readme.split(`${heading}\n`)
  const [section = ''] = rest.split(/^#/m)
  return [...section.matchAll(/^\| (.+?) +\|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  )
}

test('every variable, and no other', () => {
  const read = new Set<string>()
  const env = new Proxy({}, { get: (_target, name) => void read.add(String(name).toUpperCase()) })
  readConfig(env)
  expect(cellsBelow('## Configuration').toSorted()).toEqual([...read].toSorted())
})

test('every error that a frame can carry, and no other', async () => {
  const table = await readFile('server/base/errors.ts', 'utf8')
  const codes = [...table.matchAll(/^ {2}(\w+): \{(.*)\},$/gm)].filter(([, , edges = '']) => !edges.includes('exit'))
  const overHttp = ['dropped', 'not_found', 'forbidden', 'unauthorized', 'unsupported_media_type', 'upgrade_required']
  expect(cellsBelow('### Errors')).toEqual(
    codes.map(([, code = '']) => code).filter((code) => !overHttp.includes(code)),
  )
})

test('every member of the first line of a fixture, and all that a later line is told by', async () => {
  const used = new Set<string>()
  for (const name of (await readdir('fixtures')).filter((each) => each.endsWith('.jsonl'))) {
    const [header = '', ...lines] = (await readFile(`fixtures/${name}`, 'utf8')).trimEnd().split('\n')
    for (const member of Object.keys(parseObject(header) ?? {})) used.add(member)
    for (const [, kind = ''] of lines.map((line) => Object.keys(parseObject(line) ?? {}))) used.add(kind)
  }
  expect(cellsBelow('## Fixtures')).toEqual(expect.arrayContaining([...used]))
})

test('every package that the server is made of, with a reason', async () => {
  const packages = Object.keys(manifest.devDependencies)
  const files = (await readdir('server', { recursive: true })).filter((name) => name.endsWith('.ts'))
  const texts = await Promise.all(files.map((name) => readFile(`server/${name}`, 'utf8')))
  const named = new Set(
    texts.flatMap((text) => [...text.matchAll(/(?:from |import\()'([^'.][^']*)'/g)]).map(([, name]) => name),
  )
  const used = packages.filter((name) => named.has(name))
  expect(used.length).toBeGreaterThan(10)
  expect(cellsBelow('## How it is built')).toEqual(expect.arrayContaining(used))
})

test('every script that it names', () => {
  const named = [...readme.matchAll(/npm (?:run )?(start|test|[a-z]+(?::[a-z]+)?)\b/g)].map(([, script = '']) => script)
  const scripts = new Set(named.filter((script) => !['ci', 'run'].includes(script)))
  expect(Object.keys(manifest.scripts)).toEqual(
    expect.arrayContaining([...scripts].filter((script) => script !== 'scripts')),
  )
})

describe('every snippet for a client runs as it is written', { timeout: 30_000 }, async () => {
  const snippets = await snippetsBelow('Any client, any API')

  test.each(
    snippets.filter(({ language }) => language !== 'python').map((snippet) => [snippet.name, snippet] as const),
  )('%s', async (_name, snippet) => {
    const { url } = await runServer({})
    expect(await runSnippet(snippet, url, await temporaryFolder())).toContain('Ada')
  })

  test('the one in Python sends what the one in JavaScript does', () => {
    const requests = snippets.map(
      ({ code }) => /input[:=] ?['"]My name is Ada\.['"]/.test(code) && /model[:=] ?['"]gpt-4\.1-mini['"]/.test(code),
    )
    expect(snippets.filter((_snippet, index) => requests[index]).map(({ language }) => language)).toContain('python')
  })
})
