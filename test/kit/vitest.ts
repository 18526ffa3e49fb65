/** vitest as a process of its own, in a project of somebody else. */
import { execFile } from 'node:child_process'
import { readFile, symlink } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { installed } from './packed.ts'

/** The folder with further versions of vitest, each in a folder named after its major one. */
const { OLDER_VITEST = '' } = process.env

/** The versions that there are here. */
export const VERSIONS: readonly string[] = ['5', '4', '3'].filter((version) => version === '5' || hasOlder(version))

function hasOlder(version: string): boolean {
  return OLDER_VITEST !== '' && existsSync(join(OLDER_VITEST, version, 'node_modules/vitest'))
}

/** The usual configuration: one line. */
export const CONFIG = configWith('plugins: [deltatape()]')

/** A configuration with these members. */
export function configWith(members: string): string {
  return `import { deltatape } from 'deltatape/vitest'
import { defineConfig } from 'vitest/config'

export default defineConfig({ ${members} })
`
}

/** A project with deltatape, a version of vitest, and further packages. */
export async function projectWith(
  files: Readonly<Record<string, string>>,
  packages: readonly string[] = ['openai'],
  { version = '5', atTheEnd }: { version?: string; atTheEnd?: Parameters<typeof installed>[2] } = {},
): Promise<string> {
  const folder = await installed({ 'vitest.config.ts': CONFIG, ...files }, packages, atTheEnd)
  const place = version === '5' ? 'node_modules/vitest' : join(OLDER_VITEST, version, 'node_modules/vitest')
  await symlink(resolve(place), join(folder, 'node_modules/vitest'), 'junction')
  return folder
}

const resultsSchema = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string(),
      assertionResults: z.array(
        z.object({ title: z.string(), status: z.string(), failureMessages: z.array(z.string()).nullish() }),
      ),
    }),
  ),
})

export interface Ran {
  readonly code: number
  /** All that was written, on both outputs. */
  readonly output: string
  /** How each test ended, by its title, with its messages. */
  readonly tests: ReadonlyMap<string, { readonly status: string; readonly messages: string }>
  /** What files failed with, beside their tests. */
  readonly files: string
}

/** Runs the tests of a project once. Of the environment it has what is given. */
export async function runVitest(
  folder: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const { PATH = '', HOME = '' } = process.env
  const file = join(folder, `results-${crypto.randomUUID()}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const patience = ['--testTimeout=60000', '--hookTimeout=60000']
  const words = ['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...patience, ...args]
  const options = { cwd: folder, env: { PATH, HOME, NO_COLOR: '1', COLUMNS: '80', CI: '1', ...env } }
  const { code, output } = await new Promise<Pick<Ran, 'code' | 'output'>>((done) => {
    execFile(process.execPath, words, options, (error, out, err) =>
      done({ code: error ? Number(error.code ?? 1) : 0, output: out + err }),
    )
  })
  const text = await readFile(file, 'utf8').catch(() => '{"testResults":[]}')
  const { testResults } = resultsSchema.parse(JSON.parse(text))
  const tests = testResults.flatMap(({ assertionResults }) =>
    assertionResults.map(
      ({ title, status, failureMessages }) =>
        [title, { status, messages: (failureMessages ?? []).join('\n') }] as const,
    ),
  )
  return { code, output, tests: new Map(tests), files: testResults.map(({ message }) => message).join('\n') }
}
