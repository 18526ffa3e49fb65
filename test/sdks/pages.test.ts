/** The examples in the docs run as they are written: against a recorder, and against a replay without the API. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { symlink, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { SERVICES } from '../../server/api/hosts.ts'
import { VARIABLES } from '../../server/serve/config.ts'
import manifest from '../../package.json' with { type: 'json' }
import { runServer, temporaryFolder } from '../kit/tools.ts'
import { CLIENTS } from './clients/index.ts'
import { type Upstream, endpointOf, leadingTo, runApi } from './kit.ts'
import { type Page, readPages } from './pages.ts'
import { embeddings, speech, transcriptions } from './wires/rest.ts'

const pages = await readPages()

/** The endpoints that the examples of a page ask. */
const endpointsOf = ({ name }: Page) => [
  ...CLIENTS.filter((client) => client.name.startsWith(`${name} `)).map(({ wire }) => endpointOf(wire)),
  ...(name === 'openai' ? [embeddings, speech, transcriptions] : []),
]

/** A host in front of a path. */
const HOST = /(?<=http:\/\/127\.0\.0\.1:3300\/)[\w.-]+\.[a-z]+|(?<=http:\/\/127\.0\.0\.1:3300\/)127\.0\.0\.1:\d+/g

/** Runs examples one after another, as files beside the packages; gives what each prints. */
async function printed(codes: readonly string[]): Promise<string[]> {
  const folder = await temporaryFolder()
  await symlink(resolve('node_modules'), join(folder, 'node_modules'))
  const runs = codes.map(async (code, index) => {
    await writeFile(join(folder, `example-${index}.mjs`), code)
    return `await import('./example-${index}.mjs')\nprocess.stdout.write('\\0')\n`
  })
  await writeFile(join(folder, 'all.mjs'), (await Promise.all(runs)).join(''))
  const { PATH = '', HOME = '' } = process.env
  const { stdout } = await promisify(execFile)(process.execPath, ['all.mjs'], { cwd: folder, env: { PATH, HOME } })
  return stdout.split('\0').slice(0, -1)
}

/** Runs a server as a page has it, on a free port. */
async function runCode(code: string): Promise<Upstream> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', code.replace('listen(8000', 'listen(0')])
  const [line]: unknown[] = await once(child.stdout.setEncoding('utf8'), 'data')
  return {
    origin: new URL(String(line).trim()).origin,
    async close() {
      child.kill()
      await once(child, 'exit')
    },
  }
}

/** What answers the examples of a page. */
const upstreamOf = (page: Page): Promise<Upstream> =>
  page.server === undefined ? runApi(...endpointsOf(page)) : runCode(page.server)

const runnable = pages.filter((page) => page.blocks.length > 0)

test.each(runnable.map((page) => [page.name, page] as const))(
  'every example of %s prints what the page says, recorded and replayed',
  async (_name, page) => {
    const upstream = await upstreamOf(page)
    const { origin } = upstream
    const fixtures = { FIXTURES_DIR: await temporaryFolder() }
    const route = page.blocks.some(({ code }) => code.search(HOST) !== -1) ? 'by host' : 'by path'
    const keys = Object.fromEntries(SERVICES.flatMap((each) => each.keys).map((key) => [key, 'key-of-the-server']))
    const recorder = await runServer({ ...fixtures, ...leadingTo(route, origin), ...keys, MODEL_MODE: 'record' })
    const player = await runServer(fixtures)
    const codes = page.blocks.flatMap(({ code }) =>
      [recorder, player].map(({ url }) =>
        code.replaceAll(HOST, new URL(origin).host).replaceAll('http://127.0.0.1:3300', url),
      ),
    )
    expect(await printed(codes)).toEqual(page.blocks.flatMap(({ prints }) => [prints, prints]))
    await upstream.close()
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
    const set = [...text.matchAll(/^(?:[A-Z_]+=\S+ )*npx deltatape serve/gm)].flatMap(([line]) =>
      [...line.matchAll(/([A-Z_]+)=/g)].map(([, name = '']) => name),
    )
    expect(known).toEqual(expect.arrayContaining(set))
    for (const [host] of text.matchAll(HOST)) {
      if (text.includes(`UPSTREAMS=${host}`)) continue
      expect(
        SERVICES.filter(({ url, hosts }) => new URL(url).host === host || hosts?.test(host)),
        host,
      ).not.toEqual([])
    }
    const installed = [...text.matchAll(/^npm install (.+)$/gm)].flatMap(([, names = '']) => names.split(' '))
    expect(Object.keys(manifest.devDependencies)).toEqual(expect.arrayContaining(installed))
  })
})
