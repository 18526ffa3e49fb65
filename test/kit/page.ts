/** A server with the page, for tests in a browser and of what is served. */
import { execFile } from 'node:child_process'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { alone } from './alone.ts'
import { runServer } from './tools.ts'

/** When the newest of some files was written, in ms since 1970; 0 if there is none. */
async function newest(files: readonly string[]): Promise<number> {
  const states = await Promise.all(files.map((file) => stat(file).catch(() => undefined)))
  return Math.max(0, ...states.map((state) => state?.mtimeMs ?? 0))
}

/** Builds the page if what it is made of has changed. */
async function build(): Promise<void> {
  const all = await readdir('web', { recursive: true, withFileTypes: true })
  const sources = all.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name))
  const built = join('web', 'dist')
  const changed = await newest(sources.filter((file) => !file.startsWith(built)))
  if ((await newest([join(built, 'index.html')])) > changed) return
  await promisify(execFile)('npm', ['run', '--silent', 'build:page'])
}

/** Makes sure that the page is there, as the sources are. */
export const builtPage = (): Promise<void> => alone(build)

/** A server with the page as the sources are, stopped after the test. It is in replay, on the bundled fixtures, unless it is said. */
export async function servePage(env: Record<string, string> = {}): ReturnType<typeof runServer> {
  await builtPage()
  return runServer(env)
}
