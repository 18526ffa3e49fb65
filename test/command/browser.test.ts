import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { openInBrowser } from '../../server/command/browser.ts'
import { temporaryFolder } from '../kit/tools.ts'

const URL = 'http://127.0.0.1:1/#/fixtures/a.jsonl?token=%24%26$(touch%20x);`x`&y="z"'

/** A folder with a program that writes down its arguments, and an environment that has it. */
async function withBrowser(name = 'browser', exit = 0) {
  const folder = await temporaryFolder()
  const program = join(folder, name)
  await mkdir(dirname(program), { recursive: true })
  const told = join(folder, 'told.json')
  const code = `require('node:fs').writeFileSync(${JSON.stringify(told)}, JSON.stringify(process.argv.slice(2)))`
  await writeFile(program, `#!/usr/bin/env node\n${code}\nprocess.exit(${exit})\n`)
  await chmod(program, 0o755)
  const PATH = `${folder}${delimiter}${dirname(process.execPath)}${delimiter}/usr/bin${delimiter}/bin`
  return { program, env: { PATH }, told: async (): Promise<unknown> => JSON.parse(await readFile(told, 'utf8')) }
}

test.each([
  ['browser', (program: string) => program, [URL]],
  ['browser', (program: string) => `${program} --new-window`, ['--new-window', URL]],
  ['browser', (program: string) => `${program} --url=%s -x`, [`--url=${URL}`, '-x']],
  ['my browser/of mine', (program: string) => program, [URL]],
  ['browser', (program: string) => `/nowhere/browser:${program}:/elsewhere`, [URL]],
])('BROWSER opens it, by the very words: %s %s', async (name, value, args) => {
  const { program, env, told } = await withBrowser(name)
  expect(await openInBrowser(URL, { ...env, BROWSER: value(program) }, 'linux')).toBe(true)
  expect(await told()).toEqual(args)
})

test.each([
  ['linux', 'xdg-open', [URL]],
  ['linux', 'wslview', [URL]],
  ['freebsd', 'xdg-open', [URL]],
  ['darwin', 'open', [URL]],
  ['win32', 'rundll32.exe', ['url.dll,FileProtocolHandler', URL]],
])('on %s %s opens it', async (platform, name, args) => {
  const { env, told } = await withBrowser(name)
  const PATH = env.PATH.replace(`${delimiter}/usr/bin${delimiter}/bin`, '')
  expect(await openInBrowser(URL, { PATH: `${PATH}${delimiter}/nowhere` }, platform)).toBe(true)
  expect(await told()).toEqual(args)
})

test('what cannot, or does not want to, is told', async () => {
  expect(await openInBrowser(URL, { PATH: '/nowhere', BROWSER: 'none' }, 'linux')).toBe(false)
  const { program, env, told } = await withBrowser('browser', 3)
  expect(await openInBrowser(URL, { PATH: dirname(process.execPath), BROWSER: program }, 'win32')).toBe(false)
  expect(await told()).toEqual([URL])
  expect(env.PATH).toContain(dirname(program))
})
