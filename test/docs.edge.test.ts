/** What the pages of the docs list is what there is. */
import { execFile } from 'node:child_process'
import { cp, readFile, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import { SERVICES, homeOf } from '../server/api/hosts.ts'
import { apiNamed, apiOf } from '../server/api/index.ts'
import { parseObject } from '../server/base/json.ts'
import { identify } from '../server/fixture/key.ts'
import { createMatch } from '../server/fixture/match.ts'
import { createRoutes } from '../server/model/transport/route.ts'
import type { MatchRules } from '../server/redact/match-rules.ts'
import { createRedactor } from '../server/redact/redactor.ts'
import { parseRules } from '../server/redact/rules.ts'
import { readConfig } from '../server/serve/config.ts'
import { callOf } from './kit/calls.ts'
import { PAGES, firstNamesBelow, namesIn, readPage, tableBelow } from './kit/docs.ts'
import { installed, userEnv } from './kit/packed.ts'
import { bundledSnippets, runSnippet, snippetsBelow } from './kit/snippets.ts'
import { runDeltatape, runServer, temporaryFolder } from './kit/tools.ts'

/** The anchor that GitHub gives a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

test.each(PAGES)('every link of %s leads somewhere', async (file) => {
  const text = await readPage(file)
  const links = [...text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)]
  for (const [link, path = '', anchor] of links) {
    const target = path === '' ? file : join(dirname(file), path)
    // The package has these, and nothing else that a link could lead to.
    expect([...PAGES, 'SECURITY.md'], `${link} of ${file}`).toContain(target)
    const linked = await readFile(target, 'utf8')
    const anchors = [...linked.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading))
    if (anchor !== undefined) expect(anchors, `${link} of ${file}`).toContain(anchor)
  }
})

test('the index names every page, once', async () => {
  const index = await readPage('docs/README.md')
  const pages = PAGES.filter((name) => name.startsWith('docs/') && name !== 'docs/README.md')
  for (const page of pages) expect(index.split(`](${page.slice('docs/'.length)})`), page).toHaveLength(2)
})

describe('of APIs', async () => {
  const page = await readPage('docs/apis.md')

  test('every row, with the status of a miss', async () => {
    const rows = tableBelow(page, '# The APIs')
    const sources = (await readdir('server/api', { recursive: true })).filter((name) => name.endsWith('.ts'))
    const texts = await Promise.all(sources.map((name) => readFile(join('server/api', name), 'utf8')))
    const names = texts.flatMap((text) => /(?:: Api = \{|\.\.\.any,)\s+name: '([^']+)'/.exec(text)?.[1] ?? [])
    expect(rows.flatMap(([cell]) => namesIn(cell)).toSorted()).toEqual(names.toSorted())
    for (const [cell = '', , , status] of rows) {
      const [name = ''] = namesIn(cell)
      const api = apiNamed(name)
      expect([api.name, String(api.missStatus ?? 404)]).toEqual([name, status])
    }
  })

  test('what counts for the key', () => {
    for (const [cell, leftOut = '', headers, notQuery] of tableBelow(page, '## What counts for the key')) {
      const [name = ''] = namesIn(cell)
      const { keyed, counts = {} } = apiNamed(name)
      const request = Object.fromEntries(namesIn(leftOut).map((member) => [member, 'x']))
      expect({ name, ...keyed({ ...request, other: 'x' }) }).toEqual({ name, other: 'x' })
      expect([name, counts.headers ?? []]).toEqual([name, namesIn(headers)])
      expect([name, counts.notQuery ?? []]).toEqual([name, namesIn(notQuery)])
    }
  })
})

describe('of routes', async () => {
  const page = await readPage('docs/routing.md')

  test('where each path goes, and which variable says otherwise', () => {
    for (const [paths, to = '', variables] of tableBelow(page, '## By the path')) {
      for (const name of namesIn(paths)) {
        const path = name.replaceAll('…', 'x').replace(/^(?!\/)/, '/')
        const home = homeOf({ row: apiOf({ method: 'POST', path }).name, path, headers: [] })
        expect(to, path).toContain(home?.name)
        expect(namesIn(variables), path).toEqual(expect.arrayContaining([...(home?.addresses ?? [])]))
      }
    }
  })

  test('every host that is let through', () => {
    const routes = createRoutes({ baseURL: 'https://api.openai.com/v1', apiKey: undefined })
    const [, sentence = ''] = page.split('\nKnown, and let through, are ')
    const hosts = namesIn(sentence.split('\n')[0])
    for (const host of hosts) {
      const { refusal } = routes.to({ row: 'any', path: '/', headers: [] }, host)
      expect(refusal, host).toBeUndefined()
    }
    const all = SERVICES.filter(({ url }) => url.startsWith('https:') && !url.endsWith('.invalid'))
    expect(hosts.toSorted()).toEqual(all.map(({ url }) => new URL(url).host).toSorted())
  })

  test('every variable that holds a key', () => {
    const rows = tableBelow(page, '## Which key goes up').map(([name = '', keys]) => [name, namesIn(keys)])
    const known = SERVICES.filter(({ keys }) => keys.length > 0).map(({ name, keys }) => [name, keys])
    expect(rows).toEqual(known)
  })

  test('what --print-env writes', async () => {
    const [, block = ''] = /^\$ npx deltatape serve --print-env\n([\s\S]*?)…/m.exec(page) ?? []
    const { out } = await runDeltatape(['serve', '--print-env'])
    expect(out.join('\n')).toContain(block.trimEnd())
  })
})

test('every variable, and no other', async () => {
  const read = new Set<string>()
  const env = new Proxy({}, { get: (_target, name) => void read.add(String(name).toUpperCase()) })
  readConfig(env)
  expect(firstNamesBelow(await readPage('docs/settings.md'), '# Settings').toSorted()).toEqual([...read].toSorted())
})

test('every error that a frame can carry, and no other', async () => {
  const table = await readFile('server/base/errors.ts', 'utf8')
  const codes = [...table.matchAll(/^ {2}(\w+): \{(.*)\},$/gm)].filter(
    ([, , edges = '']) => edges.includes('http') || !edges.includes('exit'),
  )
  const overHttp = ['dropped', 'not_found', 'forbidden', 'unauthorized', 'unsupported_media_type', 'upgrade_required']
  expect(firstNamesBelow(await readPage('docs/chat.md'), '## Errors')).toEqual(
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
  const told = firstNamesBelow(await readPage('docs/fixtures.md'), '# Fixtures')
  expect(told).toEqual(expect.arrayContaining([...used]))
})

test('every package, with a reason', async () => {
  const told = firstNamesBelow(await readPage('docs/built.md'), '## What it stands on')
  expect(new Set(told)).toEqual(new Set(Object.keys(manifest.devDependencies)))
})

describe('every example on the bundled fixtures runs as it is written', async () => {
  const snippets = await bundledSnippets()

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

test('the rules for agent programs make one request of what they write above an output, elsewhere and on another day', async () => {
  const blocks = (await readPage('docs/agents.md')).matchAll(/```json\n([\s\S]*?)```/g)
  const [words, codex] = Array.from(blocks, ([, text = '']) => parseRules(text, 'docs/agents.md').match)
  const asked = (rules: MatchRules | undefined, [cwd, day, chunk]: readonly string[]) => {
    const match = rules && createMatch(rules, { cwd, home: '/home/ada', tmp: '/tmp' })
    const output = `Chunk ID: ${chunk}\nWall time: 0.0003 seconds\nOutput:\nnote.txt`
    const input = [{ role: 'user', content: `<cwd>${cwd}</cwd> <current_date>${day}</current_date>` }]
    const body = { input: [...input, { type: 'function_call_output', call_id: 'call_1', output }] }
    return identify(callOf(body), createRedactor(), undefined, match).key
  }
  const here = ['/home/ada/notes', '2026-11-26', '88b4cd']
  const there = ['/srv/ci/notes', '2027-01-02', '1970e0']
  expect(asked(codex, here)).toBe(asked(codex, there))
  expect(asked(words, here)).not.toBe(asked(words, there))
  expect(asked(words, here)).toBe(asked(words, [...there.slice(0, 2), '88b4cd']))
})

test('what stands in a process of its own runs as it is written, from the package', async () => {
  const snippets = await snippetsBelow('docs/fetch.md')
  const files = snippets.map(({ code }, index) => [`example-${index}.mjs`, code])
  expect(files.length).toBeGreaterThan(1)
  const folder = await installed(Object.fromEntries(files), ['openai'])
  await cp('fixtures', join(folder, 'fixtures'), { recursive: true })
  for (const [name = ''] of files) {
    const { stdout } = await promisify(execFile)(process.execPath, [name], { cwd: folder, env: userEnv() })
    expect(stdout, name).toContain('Ada')
  }
})

test('every message that the page on troubles quotes is one that somebody can see', async () => {
  const folders = await Promise.all(
    ['server', 'bin', 'test/eval'].map(async (folder) =>
      (await readdir(folder, { recursive: true })).map((name) => join(folder, name)),
    ),
  )
  const sources = folders.flat().filter((name) => /\.[tj]s$/.test(name))
  const said = (await Promise.all(sources.map((name) => readFile(name, 'utf8')))).join('\n')
  const rows = (await readPage('docs/troubleshooting.md')).match(/^\| .*$/gm) ?? []
  const quoted = rows.flatMap((row) => namesIn(row.split('|')[1]))
  // What stands for another value in each message is not looked for.
  const parts = quoted.flatMap((text) => text.split(/ *(?:…|\b(?:replay|live|must be)\b|\b\d[\d.]*\b) */))
  expect(parts.length).toBeGreaterThan(20)
  expect(parts.filter((part) => !said.includes(part))).toEqual([])
})
