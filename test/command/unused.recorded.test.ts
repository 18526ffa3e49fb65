/** What a run that recorded anew leaves over of an earlier one: told in its end, by `unused`, and taken away by `prune`. */
import { mkdir, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Answer, Call } from '../kit/standin.ts'
import { runDeltatape, runServer, runStandIn, temporaryFolder } from '../kit/tools.ts'

const REFUSED: Answer = { status: 429, body: '{"error":{"message":"Slow down"}}' }

type Message = Readonly<Record<string, unknown>>

const completion = (id: number, text: string): Answer => ({
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    id: `chatcmpl-${id}`,
    object: 'chat.completion',
    created: id,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  }),
})

/** Sends the messages so far; the text of the answer. */
type Ask = (messages: readonly Message[]) => Promise<string>

type App = (ask: Ask) => Promise<void>

/** A folder, runs of an app that records into it, and what is left over by the log of the last run. */
async function setUp(answer: (call: Call, index: number) => Answer) {
  const { url } = await runStandIn(answer)
  const [dir, logs] = [await temporaryFolder(), await temporaryFolder()]
  let runs = 0
  let log = ''
  const ask = async (base: string, messages: readonly Message[]) => {
    const response = await fetch(`${base}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer sk-x' },
      body: JSON.stringify({ model: 'm', messages }),
    })
    return response.text()
  }
  const run = async (app: App, env = {}) => {
    log = join(logs, `${runs++}.jsonl`)
    const server = await runServer({
      MODEL_MODE: 'record',
      FIXTURES_DIR: dir,
      OPENAI_BASE_URL: url,
      OPENAI_API_KEY: 'sk-x',
      USAGE_LOG: log,
      ...env,
    })
    await app((messages) => ask(server.url, messages))
    await server.close()
    const told = server.lines.map((line): { msg: string } => JSON.parse(line)).map(({ msg }) => msg)
    return told.filter((msg) => msg.startsWith('recorded:'))
  }
  const names = async () =>
    (await readdir(dir, { recursive: true })).filter((name) => name.endsWith('.jsonl')).toSorted()
  const unused = async () => {
    const { code, out } = await runDeltatape(['unused', log, '--fixtures', dir])
    return { code, names: out.flatMap((line) => /\S+\.jsonl/.exec(line)?.[0].replace(`${dir}/`, '') ?? []).toSorted() }
  }
  const prune = () => runDeltatape(['prune', log, '--fixtures', dir, '--yes'])
  return { dir, run, names, unused, prune }
}

const user = (content: string): Message => ({ role: 'user', content })

/** An app that asks on from what it was answered. */
const converse =
  (...inputs: readonly string[]) =>
  async (ask: Ask) => {
    let history: readonly Message[] = []
    for (const input of inputs) {
      history = [...history, user(input)]
      const { choices }: { choices: readonly { message: Message }[] } = JSON.parse(await ask(history))
      history = [...history, ...choices.map(({ message }) => message)]
    }
  }

describe('a run that records anew', () => {
  test('leaves over the steps of a conversation whose beginning was answered with other words', async () => {
    const { run, names, unused, prune } = await setUp((_call, index) => completion(index, `answer ${index}`))
    expect(await run(converse('One', 'Two', 'Three'))).toEqual([
      'recorded: 3 saved, 0 unchanged, 0 not saved (3 new, 0 changed, 0 left over)',
    ])
    const before = await names()
    expect(await unused()).toEqual({ code: 0, names: [] })
    expect((await run(converse('One', 'Two', 'Three')))[0]).toContain('(2 new, 1 changed, 2 left over')
    const left = before.filter((name) => !name.startsWith('one-'))
    expect(left).toHaveLength(2)
    expect(await unused()).toEqual({ code: 1, names: left })
    const now = await names()
    expect((await prune()).code).toBe(0)
    expect(await names()).toEqual(now.filter((name) => !left.includes(name)))
    expect(await unused()).toEqual({ code: 0, names: [] })
  })

  test('leaves over nothing of what it recorded again in a folder, or could not record now', async () => {
    let isSlow = false
    const { dir, run, names, unused } = await setUp((_call, index) => (isSlow ? REFUSED : completion(index, 'Hi')))
    const app = async (ask: Ask) => {
      for (const word of ['First', 'Second']) await ask([user(word)])
    }
    await run(app)
    await mkdir(join(dir, 'chat'))
    for (const name of await names()) await rename(join(dir, name), join(dir, 'chat', name))
    expect((await run(app))[0]).toContain('(0 new, 2 changed, 0 left over)')
    expect(await unused()).toEqual({ code: 0, names: [] })
    isSlow = true
    expect((await run(app))[0]).toContain('2 not saved (0 new, 0 changed, 0 left over)')
    expect(await unused()).toEqual({ code: 0, names: [] })
  })

  test('leaves over the takes of a row beyond its last, and none before it', async () => {
    const { run, unused, names } = await setUp((_call, index) =>
      index === 3 ? REFUSED : completion(index, `answer ${index}`),
    )
    const times = (count: number) => async (ask: Ask) => {
      for (let index = 0; index < count; index++) await ask([user('Hi')])
    }
    await run(times(3), { RECORD_TAKES: '1' })
    expect((await run(times(2), { RECORD_TAKES: '1' }))[0]).toContain('(0 new, 2 changed, 1 left over')
    expect(await unused()).toEqual({ code: 1, names: [(await names()).find((name) => name.endsWith('.3.jsonl'))] })
  })

  test('that plays, too, counts the fixtures that it played', async () => {
    const { run, unused } = await setUp((_call, index) => completion(index, `answer ${index}`))
    await run(converse('One', 'Two'))
    const told = await run(
      async (ask) => {
        await converse('One', 'Two')(ask)
        await ask([user('Another')])
      },
      { MODEL_MODE: 'auto' },
    )
    expect(told).toEqual(['recorded: 1 saved, 0 unchanged, 0 not saved (1 new, 0 changed, 0 left over)'])
    expect(await unused()).toEqual({ code: 0, names: [] })
  })
})
