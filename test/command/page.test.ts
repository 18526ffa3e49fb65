import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { systemClock } from '../../server/base/clock.ts'
import { runCli } from '../../server/command/index.ts'
import { builtPage } from '../kit/page.ts'
import { fakeTerminal, runDeltatape, temporaryFolder } from '../kit/tools.ts'

const NAME = 'my-name-is-ada-183f01058d02.jsonl'

/** Runs `show --open` with a browser that writes down where it is sent, looks at what is there, and presses Ctrl-C. */
async function opened(args: readonly string[], more: Record<string, string> = {}) {
  await builtPage()
  const folder = await temporaryFolder()
  const [program, told] = [join(folder, 'browser'), join(folder, 'told')]
  await writeFile(program, `#!/bin/sh\nprintf %s "$1" > '${told}.tmp'\nmv '${told}.tmp' '${told}'\n`)
  await chmod(program, 0o755)
  const ctrlC = new AbortController()
  const env = { PATH: process.env.PATH, BROWSER: program, ...more }
  const running = runDeltatape(args, { env, interrupted: () => ctrlC.signal })
  const address = await vi.waitFor(() => readFile(told, 'utf8'), { timeout: 100_000 })
  const { origin, hash } = new URL(address)
  const seen = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${origin}${path}`, { headers })
    return [response.status, await response.text()] as const
  }
  const looks = async <T>(look: (see: typeof seen) => Promise<T>) => {
    const found = await look(seen)
    ctrlC.abort()
    return { found, ...(await running) }
  }
  return { address, origin, hash, looks }
}

test('shows the fixture in the browser, until Ctrl-C', async () => {
  const { address, origin, hash, looks } = await opened(['show', 'my-name-is-ada-183', '--open'])
  expect([origin, hash]).toEqual([expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/), `#/fixtures/${NAME}`])
  const { found, code, out, err } = await looks(async (see) => [
    await see('/'),
    await see(`/page/fixture?name=${NAME}`),
  ])
  expect(found).toEqual([
    [200, expect.stringContaining('<div id="page">')],
    [200, expect.stringContaining('Nice to meet you, Ada!')],
  ])
  expect([code, out, err]).toEqual([0, [address, 'Ctrl-C ends it.'], []])
  await expect(fetch(origin)).rejects.toThrow('fetch failed')
})

test('brings the token along, if one is asked for', async () => {
  const env = { AUTH_TOKEN: 'open&sesame+%' }
  const { hash, looks } = await opened(['show', 'my-name-is-ada-183', '--open'], env)
  expect(hash).toBe(`#/fixtures/${NAME}?token=open%26sesame%2B%25`)
  const headers = { 'x-deltatape-token': 'open&sesame+%' }
  const { found } = await looks(async (see) => [await see('/page/status'), await see('/page/status', headers)])
  expect(found).toEqual([
    [401, expect.any(String)],
    [200, expect.stringContaining('"mode":"replay"')],
  ])
})

test('says so where no browser can be opened, and goes on', async () => {
  await builtPage()
  const ctrlC = new AbortController()
  const terminal = fakeTerminal()
  const told = new Promise<string>((resolve) => (terminal.tell = resolve))
  const running = runCli(['show', 'my-name-is-ada-183', '--open'], {
    env: { PATH: '/nowhere', BROWSER: 'none' },
    terminal,
    clock: systemClock,
    interrupted: () => ctrlC.signal,
  })
  expect(await told).toBe('deltatape: No browser could be opened from here: open this address in yours.')
  const [address = ''] = terminal.out.split('\n')
  expect((await fetch(address)).status).toBe(200)
  ctrlC.abort()
  expect(await running).toBe(0)
})

test('serves only what is among the fixtures, and says how to see others', async () => {
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'mine'))
  const env = { FIXTURES: join(folder, 'mine') }
  const { code, err } = await runDeltatape(['show', `fixtures/${NAME}`, '--open'], { env })
  expect([code, err.join('\n')]).toEqual([
    2,
    expect.stringContaining(`\`npx deltatape show fixtures/${NAME} --fixtures fixtures --open\` shows it.`),
  ])
})
