/** What the pages of the docs list is what there is. */
import { readFile, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { SERVICES, homeOf } from '../server/api/hosts.ts'
import { apiNamed, apiOf } from '../server/api/index.ts'
import { createRoutes } from '../server/model/transport/route.ts'
import { runDeltatape } from './kit/tools.ts'

const read = (name: string) => readFile(join('docs', name), 'utf8')

/** The rows of the table below a heading, cell by cell. */
function tableBelow(text: string, heading: string): string[][] {
  const [, rest = ''] = text.split(`${heading}\n`)
  const [, , ...rows] = (/(?:^\|.*\n)+/m.exec(rest)?.[0] ?? '').trimEnd().split('\n')
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

const namesIn = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)

/** Every page, with the README. */
const files = [
  'README.md',
  ...(await readdir('docs', { recursive: true })).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`),
]

/** The anchor that GitHub gives a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

test.each(files)('every link of %s leads somewhere', async (file) => {
  const text = await readFile(file, 'utf8')
  const links = [...text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)]
  for (const [link, path = '', anchor] of links) {
    const target = path === '' ? file : join(dirname(file), path)
    const linked = await readFile(target, 'utf8').catch(() => undefined)
    expect(linked, `${link} of ${file}`).toBeDefined()
    const anchors = [...(linked ?? '').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading))
    if (anchor !== undefined) expect(anchors, `${link} of ${file}`).toContain(anchor)
  }
})

test('the index names every page', async () => {
  const index = await read('README.md')
  const pages = files.filter((name) => name.startsWith('docs/') && name !== 'docs/README.md')
  for (const page of pages) expect(index).toContain(`](${page.slice('docs/'.length)})`)
})

describe('of APIs', async () => {
  const page = await read('apis.md')

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
  const page = await read('routing.md')

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
    const [, block = ''] = /^\$ deltatape serve --print-env\n([\s\S]*?)…/m.exec(page) ?? []
    const { out } = await runDeltatape(['serve', '--print-env'])
    expect(out.join('\n')).toContain(block.trimEnd())
  })
})
