/** Conversations whose recording is broken off by a kill, or of which a part cannot be sent: what is left, and what is told. */
import { spawn } from 'node:child_process'
import { cp, readdir } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { objectsIn } from '../../server/api/told.ts'
import { parseObject } from '../../server/base/json.ts'
import { runDeltatape, runServer, runStandIn, temporaryFolder } from '../kit/tools.ts'

const CHAT = '/v1/chat/completions'

/** An upstream that gives its answers the words of a run, and an app that talks with it three times. */
async function conversation(said = 'Step') {
  let run = 'old'
  const standIn = await runStandIn(({ text }) => {
    const content = `${run} answer ${objectsIn(parseObject(text)?.messages).length}`
    const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }]
    return {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id: `chatcmpl-${content}`, object: 'chat.completion', choices }),
    }
  })
  const env = { OPENAI_API_KEY: 'sk-x', OPENAI_BASE_URL: standIn.url }
  const play = async (mode: string, dir: string): Promise<string> => {
    const server = await runServer({ ...env, MODEL_MODE: mode, FIXTURES_DIR: dir })
    const messages: unknown[] = [{ role: 'user', content: 'Begin' }]
    const words: string[] = []
    for (let step = 0; step < 3; step++) {
      const response = await fetch(server.url + CHAT, {
        method: 'POST',
        body: JSON.stringify({ model: 'm', messages }),
      })
      const [choice] = objectsIn(parseObject(await response.text())?.choices)
      words.push(response.ok ? (/old|new/.exec(JSON.stringify(choice))?.[0] ?? '') : String(response.status))
      messages.push(choice?.message, { role: 'user', content: `${said} ${step}` })
    }
    await server.close()
    return words.join(' ')
  }
  const dir = await temporaryFolder()
  await play('record', dir)
  run = 'new'
  return { dir, env, play, standIn }
}

/** Ends the process before it gives a fixture its name, or takes one away, for the n-th time. */
const KILLER = `
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
let left = Number(process.env.KILL_BEFORE)
for (const [name, at] of [['rename', 1], ['link', 1], ['unlink', 0]]) {
  const act = promises[name]
  promises[name] = (...paths) => {
    if (String(paths[at]).endsWith('.jsonl') && --left === 0) process.kill(process.pid, 'SIGKILL')
    return act(...paths)
  }
}
syncBuiltinESMExports()`

/** Runs the command as a process that is killed so; gives its exit code, or null. */
const recordKilled = (env: Readonly<Record<string, string>>, nth: number): Promise<number | null> => {
  const loaded = `data:text/javascript,${encodeURIComponent(KILLER)}`
  const options = { env: { ...process.env, ...env, KILL_BEFORE: String(nth) }, stdio: 'ignore' } as const
  const child = spawn(process.execPath, ['--import', loaded, 'bin/deltatape.js', 'record'], options)
  return new Promise((resolve) => child.on('exit', resolve))
}

/** Two that get other names, the first one in its place, and the two old ones. */
const STEPS = 5

test('whenever it is killed the old conversation or the new one is whole, and what is left over is told', async () => {
  const { dir: before, env, play } = await conversation()
  const broken = await Promise.all(
    Array.from({ length: STEPS + 1 }, async (_, index) => {
      const dir = await temporaryFolder()
      await cp(before, dir, { recursive: true })
      return { dir, code: await recordKilled({ ...env, FIXTURES: dir }, index + 1) }
    }),
  )
  expect(broken.map(({ code }) => code)).toEqual([...Array.from({ length: STEPS }, () => null), 0])
  const found = []
  for (const { dir } of broken) {
    const extra = (await readdir(dir)).filter((name) => name.endsWith('.jsonl') && !name.startsWith('.')).length - 3
    const verified = await runDeltatape(['verify', '--json'], { env: { FIXTURES: dir } })
    const { problems } = parseObject(verified.out.join('\n')) ?? {}
    const kinds = objectsIn(problems).map(({ kind, severity }) => `${String(severity)} ${String(kind)}`)
    const words = await play('replay', dir)
    const again = await runDeltatape(['record'], { env: { ...env, FIXTURES: dir } })
    const told = again.out.join(' ').replaceAll(/\s+/g, ' ')
    found.push([extra, kinds, words, again.code, told.includes('MODEL_MODE=record'), await play('replay', dir)])
  }
  const lost = (count: number) => Array.from({ length: count }, () => 'warning conversation')
  const [OLD, NEW] = ['old old old', 'new new new']
  expect(found).toEqual([
    [0, lost(0), OLD, 0, false, NEW],
    [1, lost(1), OLD, 0, true, NEW],
    [2, lost(2), OLD, 0, true, NEW],
    [2, lost(2), NEW, 0, true, NEW],
    [1, lost(1), NEW, 0, true, NEW],
    [0, lost(0), NEW, 0, false, NEW],
  ])
})

test('a conversation that holds what was redacted is not sent, and is told with what to do', async () => {
  const { dir, env, standIn } = await conversation(`Use AKIA${'ABCDEFGH'.repeat(2)}`)
  const asked = standIn.calls.length
  const { code, out } = await runDeltatape(['record'], { env: { ...env, FIXTURES: dir } })
  const told = out.join(' ').replaceAll(/\s+/g, ' ')
  expect([code, standIn.calls.length - asked]).toEqual([2, 0])
  expect(told).toMatch(/its request holds \[redacted:aws-key\]/)
  expect(told).toMatch(/its conversation holds use-redacted.* cannot be sent again: run its app with MODEL_MODE=record/)
})
