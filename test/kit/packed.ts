/**
 * deltatape as its users have it: the package that `npm pack` makes, installed by npm into a folder of its own.
 *
 * ```ts
 * const folder = await installed({ 'app.mjs': "import { createFetch } from 'deltatape'\n…" }, ['openai', 'vitest'])
 * await run('npx', ['deltatape', 'verify'], { cwd: folder, env: userEnv() })
 * ```
 *
 * It is built and packed once for one state of the sources, and installed once, whoever asks and however many ask at
 * once; each caller gets a copy. Nothing of it needs a network.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { alone } from './alone.ts'
import { temporaryFolder } from './tools.ts'

const run = promisify(execFile)

/** All that the package is made of. */
export const PACKED_FROM = [
  'bin',
  'server',
  'web',
  'docs',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'SECURITY.md',
]

/** What was packed, by its state. */
const SHELF = resolve('node_modules/.cache/deltatape-packed')

/** How long a state is kept that nobody asked for, in ms: somebody may still be using it. */
const KEPT_MS = 24 * 60 * 60 * 1000

/** The variables of a user's shell, where `node` is the Node of this run. Nothing that a test runner sets is among them. */
export function userEnv(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const { PATH = '', HOME = '' } = process.env
  return { PATH: `${dirname(process.execPath)}${delimiter}${PATH}`, HOME, NO_COLOR: '1', ...more }
}

/**
 * A folder like that of a user who has run `npm init -y && npm install -D deltatape`, which goes with the test.
 *
 * @param files further files, by their path
 * @param packages further packages that the user has: any that this checkout has. They are links, which a later npm
 *   install takes away
 */
export async function installed(
  files: Readonly<Record<string, string>> = {},
  packages: readonly string[] = [],
  atTheEnd?: Parameters<typeof temporaryFolder>[0],
): Promise<string> {
  const folder = await temporaryFolder(atTheEnd)
  await cp(join(await packed(), 'project'), folder, { recursive: true, verbatimSymlinks: true })
  for (const name of packages) {
    const place = join(folder, 'node_modules', name)
    await mkdir(dirname(place), { recursive: true })
    await symlink(resolve('node_modules', name), place, 'junction')
  }
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  return folder
}

let packing: Promise<string> | undefined

/** The folder with what was packed of the sources as they are: the tarball, and a project with it. */
const packed = (): Promise<string> => (packing ??= pack())

async function pack(): Promise<string> {
  const place = join(SHELF, await stateOfSources())
  await alone(async () => {
    if (existsSync(place)) return
    await mkdir(SHELF, { recursive: true })
    await removeOld()
    const made = await mkdtemp(join(SHELF, 'making-'))
    const project = join(made, 'project')
    await mkdir(project)
    await writeFile(join(project, 'package.json'), '{ "name": "project", "version": "1.0.0", "type": "module" }\n')
    const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', made], { env: userEnv() })
    const file = join(made, 'deltatape.tgz')
    await rename(join(made, stdout.trim().split('\n').at(-1) ?? ''), file)
    const quietly = ['--offline', '--no-audit', '--no-fund', '--loglevel=error']
    await run('npm', ['install', '--save-dev', ...quietly, file], { cwd: project, env: userEnv() })
    await rename(made, place)
  })
  return place
}

async function stateOfSources(): Promise<string> {
  const hash = createHash('sha256')
  for (const source of PACKED_FROM) {
    const within = (await stat(source)).isDirectory()
      ? await readdir(source, { recursive: true, withFileTypes: true })
      : []
    const files = within
      .flatMap((each) => (each.isFile() ? [join(each.parentPath, each.name)] : []))
      // What is built of the page is no source, though it stands among them.
      .filter((file) => !file.startsWith(join('web', 'dist')))
    for (const file of files.length > 0 ? files.toSorted() : [source]) {
      hash.update(`${file}\n`).update(await readFile(file))
    }
  }
  return hash.digest('hex').slice(0, 16)
}

async function removeOld(): Promise<void> {
  for (const name of await readdir(SHELF)) {
    const place = join(SHELF, name)
    if ((await stat(place)).mtimeMs < Date.now() - KEPT_MS) await rm(place, { recursive: true, force: true })
  }
}
