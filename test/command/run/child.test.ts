/** How a command ends, and which signals it gets. */
import { EventEmitter } from 'node:events'
import { watch } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { runCommand } from '../../../server/command/run/child.ts'
import { temporaryFolder } from '../../kit/tools.ts'

/** A process whose signals come from the test. */
const fakeProcess = () => Object.assign(new EventEmitter(), { platform: 'linux' as const })

const run = (...words: string[]) => runCommand(words, process.env, fakeProcess())

test.each([
  [['true'], 0],
  [['sh', '-c', 'exit 3'], 3],
  [['sh', '-c', 'kill -TERM $$'], 143],
  [['sh', '-c', 'kill -KILL $$'], 137],
])('%j ends with %i', async (words, code) => {
  expect(await run(...words)).toEqual({ code })
})

test.each([
  ['no-such-command', 127, /^"no-such-command" cannot be run: there is no such command\. Is it installed/],
  ['npm test', 127, /`npx deltatape run -- npm test`\)/],
  ["echo it's", 127, /`npx deltatape run -- sh -c 'echo it'\\''s'`\)/],
  ['./README.md', 126, /^"\.\/README\.md" cannot be run: it is not executable \(chmod \+x makes it so\)\.$/],
  ['./server', 126, /it is not executable/],
  ['', 127, /^"" cannot be run: there is no such command\./],
  ['./README.md/x', 127, /there is no such command/],
])('%s cannot be run: %i', async (word, code, problem) => {
  expect(await run(word)).toEqual({ code, problem: expect.stringMatching(problem) })
})

test('a command that is too long for the system is told as one', async () => {
  expect(await run('true', 'x'.repeat(4 * 1024 * 1024))).toEqual({
    code: 126,
    problem: expect.stringMatching(/^"true" cannot be run: its words .* are too long/),
  })
})

test('a signal that is meant for the command reaches it', async () => {
  const folder = await temporaryFolder()
  const fake = fakeProcess()
  // Its streams are those of the tests: it tells by a file that it listens.
  const program = `
    const { writeFileSync } = require('node:fs')
    for (const signal of ['SIGHUP', 'SIGUSR2']) process.on(signal, () => writeFileSync('${folder}/' + signal, ''))
    process.on('SIGTERM', () => process.exit(9))
    setInterval(() => {}, 1000)
    writeFileSync('${folder}/ready', '')`
  const come = watch(folder)
  const ended = runCommand([process.execPath, '-e', program], process.env, fake)
  const next: Readonly<Record<string, string>> = { ready: 'SIGHUP', SIGHUP: 'SIGUSR2', SIGUSR2: 'SIGTERM' }
  for await (const { filename } of come) {
    const signal = next[filename ?? '']
    if (signal !== undefined) fake.emit(signal, signal)
    if (signal === 'SIGTERM') break
  }
  expect(await ended).toEqual({ code: 9 })
})
