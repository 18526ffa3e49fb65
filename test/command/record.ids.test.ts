/** What an API keeps, and requests only name: conversations, and answers that are asked for by their path. */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type JsonObject, parseObject } from '../../server/base/json.ts'
import { objectsIn } from '../../server/api/told.ts'
import type { Answer, Call } from '../kit/standin.ts'
import { runDeltatape, runServer, runStandIn, temporaryFolder } from '../kit/tools.ts'

const json = (value: unknown, status = 200): Answer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
})

/** An upstream that knows its own conversations and answers alone; one that is slow finishes none before it is asked twice. */
function upstream(run: string, isSlow: boolean) {
  let count = 0
  const known = new Map<string, JsonObject>()
  const keep = (value: JsonObject) => {
    known.set(String(value.id), value)
    return json(value)
  }
  return ({ method, path, text }: Call): Answer => {
    const { conversation, input, background } = parseObject(text) ?? {}
    if (method === 'GET') {
      const found = known.get(path.split('/').at(-1) ?? '')
      const isWaiting = isSlow && found?.status === 'queued'
      if (found) found.status = 'completed'
      return found
        ? json({ ...found, status: isWaiting ? 'queued' : 'completed' })
        : json({ error: { message: 'Not found' } }, 404)
    }
    if (path.endsWith('/conversations')) return keep({ id: `conv_${run}_1`, object: 'conversation', created_at: 1 })
    if (typeof conversation === 'string' && !known.has(conversation)) return json({ error: { message: 'None' } }, 404)
    const content = [{ type: 'output_text', text: `${run} on ${String(input)}` }]
    const id = `${run}_${count++}`
    const output = [{ type: 'message', id: `msg_${id}`, role: 'assistant', content }]
    return keep({
      id: `resp_${id}`,
      object: 'response',
      status: background === true ? 'queued' : 'completed',
      output,
      conversation: { id: conversation ?? '' },
    })
  }
}

async function setUp(isSlow: boolean) {
  const dir = await temporaryFolder()
  let now = upstream('one', isSlow)
  const standIn = await runStandIn((call) => now(call))
  const env = { OPENAI_API_KEY: 'sk-x', OPENAI_BASE_URL: standIn.url, FIXTURES: dir }
  /** Asks twice in a conversation, and waits for the second answer. */
  const play = async (mode: string): Promise<string> => {
    const server = await runServer({ ...env, MODEL_MODE: mode, FIXTURES_DIR: dir })
    const ask = async (path: string, body?: JsonObject): Promise<JsonObject> => {
      const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
      const response = await fetch(`${server.url}/v1/${path}`, body ? post : {})
      const text = await response.text()
      if (!response.ok) throw new Error(text)
      return parseObject(text) ?? {}
    }
    const { id: conversation = '' } = await ask('conversations', {})
    await ask('responses', { model: 'm', conversation, input: 'One' })
    let answer = await ask('responses', { model: 'm', conversation, input: 'Two', background: true })
    while (answer.status === 'queued') answer = await ask(`responses/${String(answer.id)}`)
    await server.close()
    return JSON.stringify(objectsIn(answer.output))
  }
  const files = async () =>
    Promise.all((await readdir(dir)).toSorted().map((name) => readFile(join(dir, name), 'utf8')))
  const record = async (...args: string[]) => {
    const { code, out } = await runDeltatape(['record', ...args], { env })
    return { code, counts: out.at(-2), told: out.join(' ').replaceAll(/\s+/g, ' ') }
  }
  const verify = async () => (await runDeltatape(['verify', '--strict'], { env })).out
  return { play, files, record, verify, standIn, become: (next: typeof now) => void (now = next) }
}

test('a conversation that the API keeps, and an answer that is asked for again, move along with their ids', async () => {
  const { play, files, record, verify, become } = await setUp(false)
  const first = await play('record')
  expect(first).toContain('one on Two')
  expect(await verify()).toEqual([expect.stringContaining('no problems')])

  become(upstream('two', true))
  const before = await files()
  const slow = await record()
  expect([slow.code, slow.told]).toEqual([1, expect.stringMatching(/not finished yet.*MODEL_MODE=record/)])
  expect(await files()).toEqual(before)

  become(upstream('two', false))
  expect(await record()).toMatchObject({ code: 0, counts: '4 refreshed, 0 unchanged, 0 failed' })
  expect(await play('replay')).toBe(first.replaceAll('one', 'two'))
  expect((await files()).filter((text) => text.includes('one_'))).toEqual([])
  expect(await verify()).toEqual([expect.stringContaining('no problems')])
  expect(await record('--check')).toMatchObject({ code: 0 })
})

test('a conversation with an answer that was not finished yet is left to its app, whole, and told so', async () => {
  const { play, files, record, become, standIn } = await setUp(true)
  const first = await play('record')
  const before = await files()
  become(upstream('two', false))
  const asked = standIn.calls.length
  const { code, told } = await record()
  expect([code, standIn.calls.length - asked]).toEqual([2, 0])
  expect(told).toMatch(/its conversation holds \S+, which was not finished yet: run its app with MODEL_MODE=record/)
  expect((await record('--dry-run')).told).toMatch(/^Would send 0 requests/)
  expect(await files()).toEqual(before)
  expect(await play('replay')).toBe(first)
})
