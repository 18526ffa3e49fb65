/** Agents that send back what the model gave: recorded, replayed, recorded again, and replayed once more. */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type JsonObject, parseObject } from '../../server/base/json.ts'
import { objectOf, objectsIn } from '../../server/api/told.ts'
import type { Answer, Call } from '../kit/standin.ts'
import { runDeltatape, runServer, runStandIn, temporaryFolder } from '../kit/tools.ts'

/** Asks until the model calls no more tools; gives the statuses and the last words. */
type Agent = (ask: (path: string, body: JsonObject) => Promise<JsonObject>) => Promise<string>

/** Whether the model has all outputs of tools, and which run of the upstream it is. */
interface Upstream {
  readonly run: string
  readonly args?: string
}

const count = (body: JsonObject, history: string): number => objectsIn(body[history]).length

/** Two calls, one after another, with reasoning before the first. */
const responses = {
  agent: (async (ask) => {
    const input: JsonObject[] = [{ role: 'user', content: 'A coat in Oslo?' }]
    for (;;) {
      const body = { model: 'm', store: false, include: ['reasoning.encrypted_content'], input: [...input] }
      const output = objectsIn((await ask('/v1/responses', body)).output)
      const calls = output.filter(({ type }) => type === 'function_call')
      if (calls.length === 0) return JSON.stringify(output)
      input.push(
        ...output,
        ...calls.map(({ call_id: id = '' }) => ({ type: 'function_call_output', call_id: id, output: 'rain' })),
      )
    }
  }) satisfies Agent,
  answer(body: JsonObject, { run, args = '{"city":"Oslo"}' }: Upstream): Answer {
    const step = count(body, 'input')
    const id = `${run}_${step}`
    const call = {
      type: 'function_call',
      id: `fc_${id}`,
      call_id: `call_${id}`,
      name: 'weather',
      arguments: args,
      status: 'completed',
    }
    const thought = {
      type: 'reasoning',
      id: `rs_${id}`,
      summary: [{ type: 'summary_text', text: `Hm ${id}` }],
      encrypted_content: id.repeat(99),
    }
    const said = {
      type: 'message',
      id: `msg_${id}`,
      role: 'assistant',
      content: [{ type: 'output_text', text: `Yes ${id}` }],
    }
    const output = step === 1 ? [thought, call] : step < 6 ? [{ ...call, name: 'time', arguments: '{}' }] : [said]
    return json({ id: `resp_${id}`, object: 'response', status: 'completed', output })
  },
}

/** The same for an app that names the answer which it continues, and sends what is new alone. */
const continued = {
  agent: (async (ask) => {
    let body: JsonObject = { input: [{ role: 'user', content: 'A coat in Oslo?' }] }
    for (;;) {
      const { id = '', output } = await ask('/v1/responses', { model: 'm', ...body })
      const calls = objectsIn(output).filter(({ type }) => type === 'function_call')
      if (calls.length === 0) return JSON.stringify(output)
      const outputs = calls.map(({ call_id = '' }) => ({ type: 'function_call_output', call_id, output: 'rain' }))
      body = { previous_response_id: id, input: outputs }
    }
  }) satisfies Agent,
  answer({ previous_response_id: id, input }: JsonObject, upstream: Upstream): Answer {
    // As many items as an app has that sends all of them.
    const before = id === undefined ? 0 : Number(/(\d+)$/.exec(String(id))?.[1]) + 2
    return responses.answer({ input: [...Array.from({ length: before }, () => ({})), ...objectsIn(input)] }, upstream)
  },
}

/** Two calls at once, and a text beside them; then the agent goes on with the words of the answer. */
const chat = {
  agent: (async (ask) => {
    const messages: JsonObject[] = [{ role: 'user', content: 'A coat in Oslo?' }]
    for (let turn = 0; ; turn++) {
      const { choices } = await ask('/v1/chat/completions', { model: 'm', messages: [...messages] })
      const message = objectOf(objectOf(objectsIn(choices)[0]).message)
      messages.push(message)
      const calls = objectsIn(message.tool_calls)
      messages.push(...calls.map(({ id = '' }) => ({ role: 'tool', tool_call_id: id, content: 'rain' })))
      if (calls.length === 0 && turn > 1) return String(message.content)
      if (calls.length === 0) messages.push({ role: 'user', content: 'Sure?' })
    }
  }) satisfies Agent,
  answer(body: JsonObject, { run, args = '{"city": "Oslo"}' }: Upstream): Answer {
    const step = count(body, 'messages')
    const id = `${run}_${step}`
    const call = (which: string) => ({
      id: `call_${id}_${which}`,
      type: 'function',
      function: { name: 'weather', arguments: args },
    })
    const message =
      step === 1
        ? { role: 'assistant', content: `Let me look, ${id}.`, tool_calls: [call('a'), call('b')] }
        : { role: 'assistant', content: `It rains, ${id}.` }
    return json({
      id: `chatcmpl-${id}`,
      object: 'chat.completion',
      choices: [{ index: 0, message, finish_reason: 'stop' }],
    })
  },
}

/** A stream with a thought and its signature, which the agent puts together. */
const messages = {
  agent: (async (ask) => {
    const sent: JsonObject[] = [{ role: 'user', content: 'A coat in Oslo?' }]
    for (;;) {
      const { content } = await ask('/v1/messages', { model: 'm', max_tokens: 9, stream: true, messages: [...sent] })
      const blocks = objectsIn(content)
      sent.push({ role: 'assistant', content: blocks })
      const uses = blocks.filter(({ type }) => type === 'tool_use')
      if (uses.length === 0) return JSON.stringify(blocks)
      sent.push({
        role: 'user',
        content: uses.map(({ id = '' }) => ({ type: 'tool_result', tool_use_id: id, content: 'rain' })),
      })
    }
  }) satisfies Agent,
  answer(body: JsonObject, { run, args = '{"city":"Oslo"}' }: Upstream): Answer {
    const step = count(body, 'messages')
    const id = `${run}_${step}`
    const block = (index: number, start: JsonObject, ...deltas: JsonObject[]) => [
      { type: 'content_block_start', index, content_block: start },
      ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
      { type: 'content_block_stop', index },
    ]
    const thought = block(
      0,
      { type: 'thinking', thinking: '', signature: '' },
      { type: 'thinking_delta', thinking: `Hm, ` },
      { type: 'thinking_delta', thinking: id },
      { type: 'signature_delta', signature: id.repeat(50) },
    )
    const use = block(
      1,
      { type: 'tool_use', id: `toolu_${id}`, name: 'weather', input: {} },
      { type: 'input_json_delta', partial_json: args },
    )
    const said = block(0, { type: 'text', text: '' }, { type: 'text_delta', text: `Yes ${id}` })
    const events = [
      { type: 'message_start', message: { id: `msg_${id}`, type: 'message', role: 'assistant', content: [] } },
      ...(step < 5 ? [...thought, ...use] : said),
      { type: 'message_delta', delta: { stop_reason: 'end_turn' } },
      { type: 'message_stop' },
    ]
    return {
      headers: { 'content-type': 'text/event-stream' },
      steps: events.map((event) => ({ raw: `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n` })),
    }
  },
}

const json = (value: unknown): Answer => ({
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
})

/** What an SDK makes of a stream of Messages. */
function gathered(text: string): JsonObject {
  const content: JsonObject[] = []
  for (const line of text.split('\n')) {
    const event = line.startsWith('data: ') ? (parseObject(line.slice(6)) ?? {}) : {}
    const [at, delta] = [Number(event.index), objectOf(event.delta)]
    if (event.type === 'content_block_start') content[at] = { ...objectOf(event.content_block), json: '' }
    for (const name of ['thinking', 'text', 'signature']) {
      const block = content[at]
      if (block && typeof delta[name] === 'string') block[name] = String(block[name] ?? '') + delta[name]
    }
    const block = content[at]
    if (block && typeof delta.partial_json === 'string') block.input = parseObject(delta.partial_json) ?? {}
  }
  return { content: content.map(({ json: _json, ...block }) => block) }
}

const AGENTS = { responses, continued, chat, messages }

async function setUp(kind: keyof typeof AGENTS) {
  const { agent, answer } = AGENTS[kind]
  const dir = await temporaryFolder()
  let now: Upstream = { run: 'one' }
  const standIn = await runStandIn(({ text }: Call) => answer(parseObject(text) ?? {}, now))
  const env = {
    OPENAI_API_KEY: 'k',
    ANTHROPIC_API_KEY: 'k',
    OPENAI_BASE_URL: `${standIn.url}`,
    ANTHROPIC_BASE_URL: standIn.url.replace(/\/v1$/, ''),
  }
  const play = async (mode: string) => {
    const server = await runServer({ ...env, MODEL_MODE: mode, FIXTURES_DIR: dir })
    return agent(async (path, body) => {
      const response = await fetch(server.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      const text = await response.text()
      if (!response.ok) throw new Error(text)
      return path === '/v1/messages' ? gathered(text) : (parseObject(text) ?? {})
    })
  }
  const files = async () =>
    Object.fromEntries(
      await Promise.all(
        (await readdir(dir)).toSorted().map(async (name) => [name, await readFile(join(dir, name), 'utf8')] as const),
      ),
    )
  const record = (...args: string[]) => runDeltatape(['record', '--fixtures', dir, ...args], { env })
  const verify = () => runDeltatape(['verify', '--fixtures', dir, '--strict'])
  return { play, record, verify, files, standIn, become: (next: Upstream) => void (now = next) }
}

describe.each(['responses', 'continued', 'chat', 'messages'] as const)('an agent on %s', (kind) => {
  test('is recorded again with other ids and words, and replayed to the end', async () => {
    const { play, record, verify, files, become } = await setUp(kind)
    const first = await play('record')
    expect(await play('replay')).toBe(first)
    const before = await files()
    become({ run: 'two' })
    const { code, out } = await record()
    expect([code, out[0]]).toEqual([0, `${Object.keys(before).length} refreshed, 0 unchanged, 0 failed`])
    const after = await play('replay')
    expect(after).toBe(first.replaceAll('one', 'two'))
    expect(Object.keys(await files())).toHaveLength(Object.keys(before).length)
    expect(Object.values(await files()).join('')).not.toContain('one_')
    expect((await verify()).out).toEqual([expect.stringContaining('no problems')])
    expect((await record('--check')).code).toBe(0)
  })

  test('stays as it was where the model calls its tool in another way, and is named', async () => {
    const { play, record, files, become, standIn } = await setUp(kind)
    const first = await play('record')
    const before = await files()
    become({ run: 'two', args: '{"city":"Rome"}' })
    const asked = standIn.calls.length
    const { code, out } = await record()
    expect(code).toBe(1)
    expect(standIn.calls.length - asked).toBe(1)
    expect(out.join(' ').replaceAll(/\s+/g, ' ')).toMatch(/the model now calls weather\(.*Rome.*MODEL_MODE=record/)
    expect(await files()).toEqual(before)
    expect(await play('replay')).toBe(first)
  })
})
