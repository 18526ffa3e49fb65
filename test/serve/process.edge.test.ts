/** The server as a process whose log nobody reads. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { PassThrough } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { startFrom } from '../../server/serve/process.ts'
import { temporaryFolder } from '../kit/tools.ts'
import { ask } from './http/kit.ts'

/** A server in a folder of its own; its log is read until it says where it listens. */
async function start(env: Readonly<Record<string, string>>, cwd: string) {
  const child = spawn(process.execPath, [resolve('server/main.ts')], {
    cwd,
    env: { PATH: process.env.PATH, FIXTURES: resolve('fixtures'), ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let text = ''
  while (!text.includes('\n')) text += String((await once(child.stdout, 'data'))[0])
  child.stdout.pause()
  const line: { readonly url: string; readonly msg: string } = JSON.parse(text.split('\n')[0] ?? '')
  return { child, ...line }
}

test('a server whose log nobody reads answers on, and ends when it is told to', async () => {
  const { child, url } = await start({ PORT: '0' }, await temporaryFolder())
  const target = `/v1/nothing/${'x'.repeat(2000)}`
  for (let round = 0; round < 20; round++) {
    const answers = await Promise.all(Array.from({ length: 25 }, () => ask(url, { target, body: '{}' })))
    expect(answers.every(({ status }) => status === 404)).toBe(true)
  }
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})

test('the port that it says is the true one, whatever the rules of the user are', async () => {
  const cwd = await temporaryFolder()
  const rules = { redact: [{ pattern: String.raw`\b\d{3,}\b`, placeholder: '[number]' }] }
  await writeFile(join(cwd, 'deltatape.config.json'), JSON.stringify(rules))
  const { child, url, msg } = await start({ PORT: '0' }, cwd)
  expect(msg).toContain(url)
  expect((await ask(url, { method: 'GET', target: '/health' })).status).toBe(200)
  child.kill('SIGTERM')
  await once(child, 'exit')
})

test.each([
  [{}, true, 'Look at the recordings: http://127.0.0.1:'],
  [{ HOST: '0.0.0.0', ALLOW_UNPROTECTED: '1' }, true, 'Look at the recordings: http://127.0.0.1:'],
  [{ PAGE: '0' }, true, undefined],
  [{}, false, undefined],
])('whoever sits at the terminal is told where the page is: %o, a terminal: %s', async (more, isTTY, told) => {
  const output = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY })
  const { server } = await startFrom({ PORT: '0', ...more }, output)
  onTestFinished(() => server.close(0))
  server.unref()
  while (!output.readableLength) await once(output, 'readable')
  const text = String(output.read())
  expect(text).toContain('deltatape listens on ')
  if (told === undefined) expect(text).not.toContain('Look at')
  else {
    expect(text).toContain(`${told}${new URL(server.url).port}/\n`)
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
  }
})
