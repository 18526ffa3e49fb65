/** Rows of takes that are recorded again by the command: they stay rows. */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { objectsIn } from '../../server/api/told.ts'
import { type JsonValue, parseObject } from '../../server/base/json.ts'
import type { Answer, Call } from '../kit/standin.ts'
import { runDeltatape, runServer, runStandIn, temporaryFolder } from '../kit/tools.ts'

const json = (value: unknown, status = 200): Answer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
})

const REFUSED = json({ error: { message: 'Slow down' } }, 429)

const says = (id: string, text = id): Answer =>
  json({
    id: `chatcmpl-${id}`,
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
  })

async function setUp(answer: (call: Call, index: number) => Answer) {
  const dir = await temporaryFolder()
  let now = answer
  let count = 0
  const standIn = await runStandIn((call) => now(call, count++))
  const env = { OPENAI_API_KEY: 'sk-x', OPENAI_BASE_URL: standIn.url }
  const play = async (mode: string, app: (ask: (path: string, body?: unknown) => Promise<string>) => Promise<void>) => {
    const server = await runServer({ ...env, MODEL_MODE: mode, FIXTURES_DIR: dir, RECORD_TAKES: '1' })
    const told: string[] = []
    await app(async (path, body) => {
      const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
      const response = await fetch(server.url + path, body === undefined ? {} : post)
      const text = await response.text()
      told.push(`${response.status} ${text}`)
      return text
    })
    await server.close()
    return told
  }
  const files = async () =>
    new Map(
      await Promise.all(
        (await readdir(dir)).toSorted().map(async (name) => [name, await readFile(join(dir, name), 'utf8')] as const),
      ),
    )
  const record = (...args: string[]) => runDeltatape(['record', '--fixtures', dir, ...args], { env })
  const become = (next: typeof answer) => {
    now = next
    count = 0
  }
  return { standIn, play, files, record, become }
}

const CHAT = '/v1/chat/completions'
const HI = { role: 'user', content: 'Hi' }

test.each([[[]], [['--record-failures']]])('a refusal and then success stay so %j', async (args) => {
  const { play, record, become, standIn } = await setUp((_call, index) => (index === 0 ? REFUSED : says('one')))
  const app = async (ask: (path: string, body?: unknown) => Promise<string>) => {
    for (let count = 0; count < 2; count++) await ask(CHAT, { model: 'm', messages: [HI] })
  }
  const was = await play('record', app)
  expect(was.map((text) => text.slice(0, 3))).toEqual(['429', '200'])
  become(() => says('two'))
  const asked = standIn.calls.length
  const { code, out } = await record(...args)
  expect([code, out.at(-2)]).toEqual([0, expect.stringContaining('1 refreshed, 1 unchanged, 0 failed')])
  expect(out.join(' ').replaceAll(/\s+/g, ' ')).toContain('stay as they were: a run of the app with MODEL_MODE=record')
  expect(standIn.calls.length - asked).toBe(1)
  const is = await play('replay', app)
  expect(is[0]).toBe(was[0])
  expect(is[1]).toBe(was[1]?.replaceAll('one', 'two'))
})

test('what stays as it was is not listed as what would be sent, nor asked by --check', async () => {
  const status = (word: string) => json({ id: 'batch_1', object: 'batch', status: word })
  const { play, record, become, standIn } = await setUp(({ path }, index) => {
    if (path.includes('batches')) return status(index < 2 ? 'in_progress' : 'completed')
    return index === 3 ? REFUSED : says('one')
  })
  await play('record', async (ask) => {
    for (let count = 0; count < 3; count++) await ask('/v1/batches/batch_1')
    for (let count = 0; count < 2; count++) await ask(CHAT, { model: 'm', messages: [HI] })
  })
  const dry = await record('--dry-run', '--json')
  const { would_send, others } = parseObject(dry.out.join('\n')) ?? {}
  const namesIn = (list: JsonValue = []) => objectsIn(list).map(({ name }) => String(name).replace(/-[0-9a-f]{12}/, ''))
  expect(namesIn(would_send)).toEqual(['hi.2.jsonl', 'request.3.jsonl'])
  expect(namesIn(others).toSorted()).toEqual(['hi.jsonl', 'request.2.jsonl', 'request.jsonl'])
  expect((await record('--dry-run')).out[0]).toBe('Would send 2 requests:')

  become(({ path }) => (path.includes('batches') ? status('completed') : says('one')))
  const before = standIn.calls.length
  const { code, out } = await record('--check')
  expect([code, out.at(-2)]).toEqual([0, '2 the same, 0 with drift, 0 could not check, 3 skipped'])
  expect(standIn.calls.length - before).toBe(2)
})

test('a poll that was not finished yet stays so, though it is finished by now', async () => {
  const status = (word: string, text: string) => json({ id: 'batch_1', object: 'batch', status: word, text })
  const { play, files, record, become } = await setUp((_call, index) =>
    index < 2 ? status('in_progress', `${index}`) : status('completed', 'one'),
  )
  const app = async (ask: (path: string, body?: unknown) => Promise<string>) => {
    for (let count = 0; count < 3; count++) await ask('/v1/batches/batch_1')
  }
  const was = await play('record', app)
  const before = await files()
  expect(before.size).toBe(3)
  become(() => status('completed', 'two'))
  expect((await record()).code).toBe(0)
  expect([...(await files()).keys()]).toEqual([...before.keys()])
  expect(await play('replay', app)).toEqual([...was.slice(0, 2), was[2]?.replace('one', 'two')])
})

test('a refusal within a conversation moves along with what it stands before', async () => {
  const run = (id: string, refusedAt: number) => (call: Call, index: number) =>
    index === refusedAt ? REFUSED : says(`${id}${objectsIn(parseObject(call.text)?.messages).length}`)
  const { play, files, record, become, standIn } = await setUp(run('one', 1))
  const app = async (ask: (path: string, body?: unknown) => Promise<string>) => {
    let messages: unknown[] = [HI]
    for (let step = 0; step < 3; step++) {
      let answer = await ask(CHAT, { model: 'm', messages })
      // As SDKs do.
      if (answer.includes('Slow down')) answer = await ask(CHAT, { model: 'm', messages })
      const [choice] = objectsIn(parseObject(answer)?.choices)
      messages = [...messages, choice?.message, { role: 'user', content: `Go on ${step}` }]
    }
  }
  const was = await play('record', app)
  expect(was.map((text) => text.slice(0, 3))).toEqual(['200', '429', '200', '200'])
  const before = await files()
  become(run('two', -1))
  const asked = standIn.calls.length
  expect((await record()).code).toBe(0)
  expect(standIn.calls.length - asked).toBe(3)
  const after = await files()
  expect(after.size).toBe(before.size)
  expect(await play('replay', app)).toEqual(was.map((text) => text.replaceAll('one', 'two')))
  expect([...after.values()].join('')).not.toContain('one')
})
