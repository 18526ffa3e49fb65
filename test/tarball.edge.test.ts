/** The package as it would be published: what is in it, and what a user finds who has installed it. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, readFile, readdir, stat } from 'node:fs/promises'
import { join, posix, resolve } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { publint } from 'publint'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import { compose, steps, words } from './kit/answers.ts'
import { connect } from './kit/client.ts'
import { PAGES } from './kit/docs.ts'
import { installed, userEnv } from './kit/packed.ts'
import { snippetsBelow } from './kit/snippets.ts'
import { runStandIn } from './kit/tools.ts'

const ADA = JSON.stringify({ model: 'gpt-4.1-mini', input: 'My name is Ada.' })

const exported = Object.entries(manifest.exports).filter(([, file]) => file.endsWith('.js'))

/** What a program imports: `deltatape`, `deltatape/answers`, … */
const names = exported.map(([name]) => posix.join('deltatape', name))

const TSCONFIG = {
  compilerOptions: { strict: true, noEmit: true, target: 'es2022', lib: ['es2022', 'dom'], types: [] },
  files: ['all.ts'],
}

const folder = await installed(
  {
    'all.ts': `${names.map((name, index) => `import * as all${index} from '${name}'`).join('\n')}
export const all = [${names.map((_name, index) => `all${index}`).join(', ')}]
`,
    'tsconfig.json': JSON.stringify(TSCONFIG),
  },
  ['vitest', 'msw'],
  (undo) => afterAll(undo),
)
await cp('fixtures', join(folder, 'fixtures'), { recursive: true })
const own = join(folder, 'node_modules/deltatape')
const files = (await readdir(own, { recursive: true, withFileTypes: true }))
  .filter((each) => each.isFile())
  .map((each) => posix.relative(own, join(each.parentPath, each.name)))
const published: typeof manifest = JSON.parse(await readFile(join(own, 'package.json'), 'utf8'))

interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Runs a program of Node in the user's folder. */
async function node(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const child = spawn(process.execPath, args, { cwd: folder, env: userEnv(env) })
  const texts = [child.stdout, child.stderr].map(async (stream) => (await stream.toArray()).join(''))
  await once(child, 'close')
  const [out = '', err = ''] = await Promise.all(texts)
  return { code: child.exitCode, out, err }
}

const BIN = 'node_modules/deltatape/bin/deltatape.js'

/** Serves in the user's folder, on a free port. */
async function serving(env: Record<string, string> = {}): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [BIN, 'serve', '--port', '0'], { cwd: folder, env: userEnv(env) })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = await once(child.stdout, 'data')
  const [url = ''] = /http:\/\/127\.0\.0\.1:\d+/.exec(String(line)) ?? []
  return { child, url }
}

const ranCommonJs = (code: string, ...flags: readonly string[]): Promise<Ran> =>
  node([...flags, '--input-type=commonjs', '-e', code])

/** A Node that says that it is this one. */
const saying = (version: string) =>
  `data:text/javascript,Object.defineProperty(process.versions,"node",{value:"${version}"})`

describe('what is published', () => {
  test('the manifest asks for nothing, and brings nothing along', () => {
    const { name, bin, engines, peerDependencies, peerDependenciesMeta } = published
    expect(published).not.toHaveProperty('private')
    for (const kind of ['dependencies', 'optionalDependencies', 'bundleDependencies', 'devEngines']) {
      expect(published).not.toHaveProperty(kind)
    }
    // `prepare` is run for a checkout, and for none who installs what is published.
    expect(Object.keys(published.scripts).filter((script) => /install/.test(script))).toEqual([])
    expect(files).not.toContain('binding.gyp')
    expect({ name, bin, engines }).toEqual({
      name: 'deltatape',
      bin: { deltatape: 'bin/deltatape.js' },
      engines: { node: '>=22.22' },
    })
    expect(Object.keys(peerDependenciesMeta)).toEqual(Object.keys(peerDependencies))
    for (const { optional } of Object.values(peerDependenciesMeta)) expect(optional).toBe(true)
  })

  test('one package, of less than 5 MB, and one command', async () => {
    const sizes = await Promise.all(files.map(async (file) => (await stat(join(own, file))).size))
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(5_000_000)
    const lock = JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8'))
    expect(Object.keys(lock.packages)).toEqual(['', 'node_modules/deltatape'])
    expect(await readdir(join(folder, 'node_modules/.bin'))).toEqual(['deltatape'])
  })

  test('the files: what runs, its types, its licences, and what is to be read', () => {
    const built = /^dist\/[\w/-]+(?:\.d\.ts|\.js)$|^web\/dist\/assets\/\w+-[\w-]{8}\.(?:js|css|svg)$/
    const beside = files.filter((file) => !built.test(file))
    const licences = ['LICENSE', 'dist/LICENCES.txt', 'web/dist/LICENCES.txt']
    const read = ['CHANGELOG.md', 'SECURITY.md', 'web/dist/index.html', ...licences, ...PAGES]
    const runs = ['bin/deltatape.js', 'bin/needed.js', 'bin/source.js', 'package.json']
    expect(beside.toSorted()).toEqual([...read, ...runs].toSorted())
    for (const [, file] of exported) {
      expect(files).toEqual(expect.arrayContaining([file.slice(2), file.slice(2).replace(/js$/, 'd.ts')]))
    }
  })

  test('nothing of the machine that built it', async () => {
    for (const file of files) expect(await readFile(join(own, file), 'utf8'), file).not.toContain(resolve('.'))
  })

  test('the licence of each package that is in it', async () => {
    const text = await readFile(join(own, 'dist/LICENCES.txt'), 'utf8')
    const licences = text.split(`\n${'-'.repeat(80)}\n\n`)
    for (const licence of licences) {
      expect(licence).toMatch(/^\S+ \d+\.\d+\.\d+ \([\w .-]+\)\n\n/)
      expect(licence.length, licence.slice(0, 80)).toBeGreaterThan(500)
    }
    const of = new Set(licences.map((licence) => licence.split(' ')[0]))
    const chunks = files.filter((file) => file.endsWith('.js'))
    const code = (await Promise.all(chunks.map((file) => readFile(join(own, file), 'utf8')))).join('\n')
    const regions = code.matchAll(/^\/\/ (?:\.\.\/)*node_modules\/(?:.*\/node_modules\/)?((?:@[^/]+\/)?[^/]+)\//gm)
    const inside = new Set([...regions].map(([, name]) => name))
    expect(inside.size).toBeGreaterThan(20)
    expect([...inside].filter((name) => !of.has(name))).toEqual([])
  })

  test('the page: one script and one style sheet of at most 60 kB as they are sent, and their licences', async () => {
    const page = files.filter((file) => /^web\/dist\/.*\.(?:js|css)$/.test(file))
    expect(page.map((file) => posix.extname(file)).toSorted()).toEqual(['.css', '.js'])
    const sizes = await Promise.all(page.map(async (file) => gzipSync(await readFile(join(own, file))).length))
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(60_000)
    const licences = await readFile(join(own, 'web/dist/LICENCES.txt'), 'utf8')
    for (const name of ['preact', '@preact/signals', '@preact/signals-core']) {
      expect(licences).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(MIT\\)\n`, 'm'))
    }
  })

  test('nothing that publint would have otherwise', async () => {
    const { messages } = await publint({ pkgDir: own, pack: false, strict: true })
    expect(messages).toEqual([])
  })
})

/** What is loaded along with a file, in bytes and by the names of chunks. */
async function loadedWith(entry: string): Promise<{ readonly bytes: number; readonly chunks: readonly string[] }> {
  const seen = new Map<string, number>()
  const visit = async (file: string): Promise<void> => {
    if (seen.has(file)) return
    const text = await readFile(join(own, file), 'utf8')
    seen.set(file, text.length)
    for (const [, next = ''] of text.matchAll(/^(?:import|export) (?:.* from )?['"](\.[^'"]+)['"]/gm)) {
      await visit(posix.join(posix.dirname(file), next))
    }
  }
  await visit(entry)
  const chunks = [...seen.keys()].map((file) => posix.basename(file).replace(/-[\w-]{8}\.js$/, ''))
  return { bytes: [...seen.values()].reduce((sum, bytes) => sum + bytes, 0), chunks }
}

describe('what is loaded', () => {
  /** What few need, and what is large. */
  const LAZY = ['openai', 'undici', 'pino-pretty', 'verify', 'secretlint', 'page']

  test.each([...exported.map(([, file]) => file.slice(2)), 'dist/cli.js'])(
    '%s does without what few need',
    async (file) => {
      const { chunks } = await loadedWith(file)
      expect(chunks.length).toBeGreaterThan(0)
      expect(chunks.filter((name) => LAZY.includes(name))).toEqual([])
    },
  )

  /** What others load many times: in each worker of a test run, in each build that shares the plugin's configuration. */
  test.each([
    ['dist/vitest/setup.js', 40_000],
    ['dist/vitest.js', 20_000],
    ['dist/answers.js', 10_000],
  ])('%s brings at most %d bytes', async (file, most) => {
    const { bytes, chunks } = await loadedWith(file)
    expect(chunks.length).toBeGreaterThan(1)
    expect(bytes).toBeLessThan(most)
  })

  test('what few need is there', () => {
    for (const name of ['openai', 'undici', 'pino-pretty']) {
      expect(files).toContainEqual(expect.stringMatching(`^dist/${name}-[\\w-]{8}\\.js$`))
    }
  })

  test('the help needs no server', async () => {
    expect((await loadedWith('dist/cli.js')).bytes).toBeLessThan(250_000)
  })

  test('the help takes less than 250 ms of processor time', async () => {
    const told = 'data:text/javascript,process.on("exit",()=>process.stderr.write(JSON.stringify(process.cpuUsage())))'
    const { code, out, err } = await node(['--import', told, BIN, '--help'])
    const { user, system } = JSON.parse(err)
    expect([code, out]).toEqual([0, expect.stringContaining('deltatape')])
    expect((user + system) / 1000).toBeLessThan(250)
  })
})

describe('who imports it', () => {
  test('has every export, by import and by require', async () => {
    const { code, out, err } = await ranCommonJs(`
      const names = ${JSON.stringify(names)}
      const required = names.map((name) => Object.keys(require(name)).join())
      Promise.all(names.map((name) => import(name))).then((modules) => {
        const imported = modules.map((each) => Object.keys(each).filter((key) => key !== 'module.exports').join())
        console.log(JSON.stringify({ required, imported }))
      })`)
    expect([code, err]).toEqual([0, ''])
    const { required, imported } = JSON.parse(out)
    expect(imported).toEqual(required)
    expect(imported[0]).toBe('DeltatapeError,createFetch,readConfig,start')
  })

  test('gets the same bytes of a fetch and of a server', async () => {
    const { code, out } = await ranCommonJs(`
      const { createFetch, start } = require('deltatape')
      const ask = (url, ask = fetch) => ask(url + '/v1/responses', { method: 'POST', body: ${JSON.stringify(ADA)},
        headers: { 'content-type': 'application/json' } }).then((response) => response.text())
      start({ port: 0 }).then(async ({ url, close }) => {
        const texts = [await ask(url), await ask('https://api.openai.com', createFetch())]
        await close()
        console.log(JSON.stringify(texts))
      })`)
    const [one, other] = JSON.parse(out)
    expect([code, one]).toEqual([0, other])
    expect(one).toContain('Nice to meet you, Ada!')
  })

  test('has a server as the docs show it', async () => {
    const [snippet] = await snippetsBelow('docs/fetch.md', 'A server')
    const { code, out, err } = await node(['--input-type=module', '-e', snippet?.code ?? ''])
    expect([code, err, out]).toEqual([0, '', expect.stringContaining('Nice to meet you, Ada!')])
  })

  test.each([
    ['nodenext', []],
    ['esnext', ['--moduleResolution', 'bundler']],
  ])('has types that need no others, with module %s', async (module, more) => {
    const tsc = resolve('node_modules/typescript/bin/tsc')
    const { code, out } = await node([tsc, '-p', '.', '--module', module, ...more])
    expect([code, out]).toEqual([0, ''])
  })
})

describe('the command', () => {
  test('runs by npx', async () => {
    const { stdout } = await promisify(execFile)('npx', ['deltatape', '--version'], { cwd: folder, env: userEnv() })
    expect(stdout).toBe(`${manifest.version}\n`)
  })

  test('checks fixtures', async () => {
    const { code, out } = await node([BIN, 'verify'])
    expect([code, out]).toEqual([0, expect.stringMatching(/^\d+ fixtures, no problems\n$/)])
  })

  test.each([
    ['s3://bucket/prefix', '@aws-sdk/client-s3'],
    ['redis://127.0.0.1:1/0', 'redis'],
    ['postgres://127.0.0.1:1/postgres', 'postgres'],
  ])('tells who has fixtures on %s and not its library what to install', async (place, library) => {
    const { code, out, err } = await node([BIN, 'ls'], { FIXTURES: place })
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(`${place} needs the package ${library}, which is not installed. Install it`)
    expect(err).toContain(`npm install -D ${library}\`.\n`)
  })

  test('serves, and stops with a signal', async () => {
    const { child, url } = await serving()
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${url}/v1/responses`, { method: 'POST', headers, body: ADA })
    expect([response.status, response.headers.get('x-deltatape')]).toEqual([200, `${manifest.version} replay`])
    expect(await response.text()).toContain('Nice to meet you, Ada!')
    child.kill('SIGTERM')
    expect((await once(child, 'close'))[0]).toBe(0)
  })

  test('serves the page, which asks for nothing that is not there', async () => {
    const { url } = await serving()
    const page = await fetch(url)
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=UTF-8'])
    const named = [...(await page.text()).matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => path)
    expect(named).toHaveLength(3)
    for (const path of named) expect([path, (await fetch(new URL(path, url))).status]).toEqual([path, 200])
    const fixtures = await fetch(`${url}/page/fixtures`)
    expect(await fixtures.text()).toContain('my-name-is-ada')
  })

  test('records what passes through and what it asks itself, and records it again', async () => {
    const upstream = await runStandIn(() => ({ steps: steps(compose('tape').text(words('It works.')).completed()) }))
    const env = { OPENAI_BASE_URL: upstream.url, OPENAI_API_KEY: 'sk-stand-in', FIXTURES: 'recorded' }
    const { url } = await serving({ ...env, MODEL_MODE: 'record' })
    const chat = await connect(`${url}/ws`)
    chat.send({ input: 'Does it work?' })
    expect(await chat.turn()).toEqual([expect.objectContaining({ type: 'message', message: 'It works.' })])
    chat.close()
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ model: 'gpt-4.1-mini', input: 'Hello', stream: true })
    const response = await fetch(`${url}/v1/responses`, { method: 'POST', headers, body })
    expect(await response.text()).toContain('It works.')
    const again = await node([BIN, 'record'], env)
    expect([again.code, again.err]).toEqual([0, ''])
    expect(upstream.calls.map((call) => call.body.input)).toHaveLength(4)
    const { out } = await node([BIN, 'ls', '--json'], env)
    expect(JSON.parse(out)).toMatchObject([{ text: 'It works.' }, { text: 'It works.' }])
  })
})

describe.each(['18.20.8', '20.20.2'])('on Node %s', (version) => {
  const told = `deltatape needs Node 22.22 or newer, and this is ${version}. Install a newer one, and run this again.`

  test.each([
    ['serve', 1],
    ['ls', 2],
    ['--help', 2],
  ])('deltatape %s says what is needed, in one line', async (command, code) => {
    expect(await node(['--import', saying(version), BIN, command])).toEqual({ code, out: '', err: `${told}\n` })
  })

  test('who imports anything of it is told the same by an error', async () => {
    const { out } = await ranCommonJs(
      `const tell = ({ name, code, message }) => console.log(name, code, message)
      for (const name of ${JSON.stringify(names)}) import(name).catch(tell)`,
      '--import',
      saying(version),
    )
    expect(out).toBe(`DeltatapeError node_too_old ${told}\n`.repeat(names.length))
  })
})

test('what an old Node lacks does not keep it from being told', async () => {
  const scripts = files.filter((file) => file.endsWith('.js'))
  for (const file of scripts) {
    const text = await readFile(join(own, file), 'utf8')
    const known = /^(?:existsSync|readFileSync)$/
    const named = [...text.matchAll(/^import [^;]*\{ (.+) \} from ['"]node:/gm)].flatMap(([, list = '']) =>
      list.split(', '),
    )
    expect(
      named.filter((name) => !known.test(name)),
      file,
    ).toEqual([])
  }
  for (const [, file] of exported) {
    expect(await readFile(join(own, file), 'utf8')).toMatch(/^import "(?:\.\.\/)+bin\/needed\.js";\n/)
  }
})
