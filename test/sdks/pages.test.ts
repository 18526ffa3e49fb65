/** The examples in the docs run as they are written: against a recorder, and against a replay without the API. */
import { describe, expect, test } from 'vitest'
import { SERVICES } from '../../server/api/hosts.ts'
import { VARIABLES } from '../../server/serve/config.ts'
import manifest from '../../package.json' with { type: 'json' }
import { runSnippet } from '../kit/snippets.ts'
import { runServer, temporaryFolder } from '../kit/tools.ts'
import { CLIENTS } from './clients/index.ts'
import { endpointOf, leadingTo, runApi } from './kit.ts'
import { type Block, type Page, readPages } from './pages.ts'
import { embeddings, speech, transcriptions } from './wires/rest.ts'

const pages = await readPages()

/** The endpoints that the examples of a page ask. */
const endpointsOf = ({ name }: Page) => [
  ...CLIENTS.filter((client) => client.name.startsWith(`${name} `)).map(({ wire }) => endpointOf(wire)),
  ...(name === 'openai' ? [embeddings, speech, transcriptions] : []),
]

/** A host in front of a path. */
const HOST = /(?<=http:\/\/127\.0\.0\.1:3300\/)[\w.-]+\.[a-z]+|(?<=http:\/\/127\.0\.0\.1:3300\/)127\.0\.0\.1:\d+/g

/** What an example prints that asks this server, and this API behind it. */
const printed = async ({ code, name }: Block, url: string, origin: string): Promise<string> =>
  runSnippet({ name, language: 'js', code: code.replaceAll(HOST, new URL(origin).host) }, url, '')

describe.each(pages.filter((page) => endpointsOf(page).length > 0).map((page) => [page.name, page] as const))(
  '%s',
  (_name, page) => {
    test('every example prints what the page says, recorded and replayed', { timeout: 60_000 }, async () => {
      const { origin, calls, close } = await runApi(...endpointsOf(page))
      const settings = {
        FIXTURES_DIR: await temporaryFolder(),
        ...leadingTo('by path', origin),
        ...leadingTo('by host', origin),
        ...Object.fromEntries(SERVICES.flatMap(({ keys }) => keys).map((key) => [key, 'key-of-the-server'])),
      }
      const recorder = await runServer({ ...settings, MODEL_MODE: 'record' })
      for (const block of page.blocks) expect(await printed(block, recorder.url, origin)).toBe(block.prints)
      expect(calls.length).toBeGreaterThanOrEqual(page.blocks.length)
      await recorder.close()
      await close()
      const player = await runServer({ ...settings, MODEL_MODE: 'replay' })
      for (const block of page.blocks) expect(await printed(block, player.url, origin)).toBe(block.prints)
    })
  },
)

describe.each(pages.map((page) => [page.name, page] as const))('%s', (_name, { text, blocks }) => {
  test('every block of JavaScript is one that runs', () => {
    expect(text.match(/^```(?:js|ts)$/gm) ?? []).toHaveLength(blocks.length)
  })

  test('every variable of the server, every host and every package in it is known', () => {
    const known = [
      ...VARIABLES.map(({ name }) => name),
      ...SERVICES.flatMap(({ keys, addresses }) => [...keys, ...addresses]),
    ]
    const set = [...text.matchAll(/^(?:[A-Z_]+=\S+ )*npm start/gm)].flatMap(([line]) =>
      [...line.matchAll(/([A-Z_]+)=/g)].map(([, name = '']) => name),
    )
    expect(known).toEqual(expect.arrayContaining(set))
    for (const [host] of text.matchAll(HOST)) {
      expect(
        SERVICES.filter(({ url, hosts }) => new URL(url).host === host || hosts?.test(host)),
        host,
      ).not.toEqual([])
    }
    const installed = [...text.matchAll(/^npm install (.+)$/gm)].flatMap(([, names = '']) => names.split(' '))
    expect(Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })).toEqual(
      expect.arrayContaining(installed),
    )
  })
})
