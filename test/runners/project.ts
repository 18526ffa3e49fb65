/** A page of the docs as its reader follows it: its files in a folder with the package, its commands run there one by one. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, symlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { onTestFinished } from 'vitest'
import { answerBundled, atOnce } from '../kit/bundled.ts'
import { installed } from '../kit/packed.ts'
import { runStandIn } from '../kit/tools.ts'

/** What a command did. */
export interface Done {
  readonly code: number
  /** All that it wrote, in the order in which it came. */
  readonly output: string
}

/** A block of code on a page. */
export interface Block {
  readonly language: string
  readonly code: string
  /** The file that its first line names. */
  readonly file: string | undefined
}

export function blocksOf(page: string): Block[] {
  return [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', code = '']) => ({
    language,
    code,
    file: /^(?:\/\/|#) ([\w./-]+\.\w+)$/m.exec(code.split('\n')[0] ?? '')?.[1],
  }))
}

/** The commands of a page, without what is said of them. */
export const commandsOf = (page: string): string[] =>
  blocksOf(page).flatMap(({ language, code }) =>
    language === 'sh' ? code.split('\n').flatMap((line) => line.replace(/\s+# .*$/, '').trim() || []) : [],
  )

/**
 * A folder with the files of a page, and with the fixtures of this checkout for it.
 *
 * @param packages what its reader has installed beside
 * @param bins the commands of these, by name, each with its script
 */
export async function projectOf(
  page: string,
  packages: readonly string[],
  bins: Readonly<Record<string, string>> = {},
): Promise<string> {
  const files = blocksOf(page).flatMap(({ file, code }) => (file === undefined ? [] : [[file, code] as const]))
  const folder = await installed(Object.fromEntries(files), packages)
  await mkdir(join(folder, 'node_modules/.bin'), { recursive: true })
  for (const [name, script] of Object.entries(bins)) {
    await symlink(resolve('node_modules', script), join(folder, 'node_modules/.bin', name))
  }
  return folder
}

export const withFixtures = (folder: string): Promise<void> =>
  cp('fixtures', join(folder, 'fixtures'), { recursive: true })

/** Runs a command as it stands on a page, but for the key, of which the page shows no whole one. */
export async function runIn(
  folder: string,
  command: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Done> {
  const { PATH = '', HOME = '', TMPDIR } = process.env
  const child = spawn('sh', ['-c', command.replaceAll('sk-…', 'sk-stand-in')], {
    cwd: folder,
    env: { PATH, HOME, NO_COLOR: '1', ...(TMPDIR === undefined ? {} : { TMPDIR }), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)))
  const [code]: unknown[] = await once(child, 'close')
  return { code: Number(code), output }
}

/** The API, for as long as its test records. It answers what the fixtures of this checkout hold. */
export async function standInApi(): Promise<{ readonly env: Record<string, string>; asked(): number }> {
  const standIn = await runStandIn((call) => atOnce(answerBundled(call)))
  return { env: { OPENAI_BASE_URL: standIn.url }, asked: () => standIn.calls.length }
}
