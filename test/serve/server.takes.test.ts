/** Takes by way of the whole server: what is recorded, what is told in the end, and what is replayed. */
import { readdir } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { compose, steps, words } from '../kit/answers.ts'
import { connect } from '../kit/client.ts'
import type { Answer } from '../kit/standin.ts'
import { runServer, runStandIn, temporaryFolder } from '../kit/tools.ts'

const says = (text: string): Answer => ({ steps: steps(compose(text).text(words(text)).completed()) })

async function setUp(answer: (index: number) => Answer) {
  const standIn = await runStandIn((_call, index) => answer(index))
  const dir = await temporaryFolder()
  const record = (env: Record<string, string> = {}) =>
    runServer({ MODEL_MODE: 'record', FIXTURES_DIR: dir, OPENAI_BASE_URL: standIn.url, OPENAI_API_KEY: 'sk-x', ...env })
  return { dir, standIn, record, replay: () => runServer({ FIXTURES_DIR: dir }) }
}

/** Asks the same on a connection of its own; the last frame. */
async function say(url: string, input: string): Promise<string> {
  const chat = await connect(`${url}/ws`)
  chat.send({ input })
  const [text = ''] = [JSON.stringify(await chat.next())]
  await chat.close()
  return text
}

const ends = (lines: readonly string[]) =>
  lines
    .map((line): { msg: string } => JSON.parse(line))
    .map(({ msg }) => msg)
    .filter((msg) => /^(?:different|left over)/.test(msg))

test('every client of the chat gets the next take, and under a name the first again after its end', async () => {
  const { record, replay } = await setUp((index) => says(`answer ${index}`))
  const recording = await record({ RECORD_TAKES: '1' })
  const was = [await say(recording.url, 'Hi'), await say(recording.url, 'Hi'), await say(recording.url, 'Hi')]
  await recording.close()
  expect(new Set(was).size).toBe(3)
  expect(ends(recording.lines)).toEqual([])
  const { url } = await replay()
  const is = []
  for (let count = 0; count < 4; count++) is.push(await say(url, 'Hi'))
  expect(is).toEqual([...was, was[2]])
  for (let run = 0; run < 3; run++) {
    expect([await say(`${url}/@t`, 'Hi'), await say(`${url}/@t`, 'Hi')]).toEqual(was.slice(0, 2))
    await fetch(`${url}/@t`, { method: 'DELETE' })
  }
})

test('a recording that got different answers to one call says so in the end, once, with the calls', async () => {
  const { record, dir } = await setUp((index) => says(index < 4 ? `answer ${index}` : 'always the same'))
  const { url, lines, close } = await record()
  for (const input of ['One', 'One', 'One', 'Two', 'Same', 'Same', 'Same']) await say(url, input)
  await close()
  const [name = ''] = (await readdir(dir)).filter((each) => each.startsWith('one-'))
  expect(ends(lines)).toEqual([expect.stringContaining('one call')])
  expect(ends(lines)[0]).toContain('RECORD_TAKES=1')
  expect(ends(lines)[0]).toContain(`${name} (3 answers)`)
  expect(ends(lines)[0]).not.toContain('same-')
})

describe('of answers that differ in the ids of their calls of tools alone', () => {
  const toolUse = (index: number) =>
    JSON.stringify({
      id: `msg_${index}`,
      type: 'message',
      role: 'assistant',
      model: 'm',
      content: [{ type: 'tool_use', id: `toolu_${index}_made`, name: 'weather', input: {} }],
      stop_reason: 'tool_use',
      usage: { input_tokens: 1, output_tokens: 1 },
    })

  const hi = { role: 'user', content: 'Hi' }

  async function setUpTools() {
    const standIn = await runStandIn((_call, index) => ({ body: toolUse(index) }))
    const dir = await temporaryFolder()
    const env = { FIXTURES_DIR: dir, ANTHROPIC_BASE_URL: standIn.url, ANTHROPIC_API_KEY: 'sk-ant-x' }
    const run = async (mode: string, work: (ask: (...messages: object[]) => Promise<string>) => Promise<void>) => {
      const { url, lines, close } = await runServer({ MODEL_MODE: mode, ...env })
      const ask = async (...messages: object[]): Promise<string> => {
        const headers = { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' }
        const body = JSON.stringify({ model: 'm', max_tokens: 9, messages })
        const response = await fetch(`${url}/v1/messages`, { method: 'POST', headers, body })
        const [id = ''] = /toolu_\d+_made/.exec(await response.text()) ?? []
        return response.ok ? id : `HTTP ${response.status}`
      }
      await work(ask)
      await close()
      return ends(lines)
    }
    return { run }
  }

  /** What a program asks that brings the result of a tool, and something of its own. */
  const goingOn = (id: string, more: string) => [
    hi,
    { role: 'assistant', content: [{ type: 'tool_use', id, name: 'weather', input: {} }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: more }] },
  ]

  const talk = (more: string, ended: string[]) => async (ask: (...messages: object[]) => Promise<string>) => {
    ended.push(await ask(...goingOn(await ask(hi), more)))
  }

  test('those are told from which a conversation went on, and a run in auto asks what is missing', async () => {
    const { run } = await setUpTools()
    const [sunny, rainy] = [talk('sunny', []), talk('rainy', [])]
    const told = await run('record', async (ask) => {
      await sunny(ask)
      await rainy(ask)
    })
    expect(told).toEqual([
      expect.stringMatching(
        /^different answers came to one call, .*: hi-\S+\.jsonl \(\d answers\)\. .*MODEL_MODE=auto/,
      ),
    ])
    const missed: string[] = []
    await run('replay', talk('sunny', missed))
    expect(missed).toEqual(['HTTP 410'])
    await run('auto', talk('sunny', []))
    const found: string[] = []
    for (const more of ['sunny', 'rainy']) await run('replay', talk(more, found))
    expect(found).toEqual([expect.stringMatching(/^toolu_/), expect.stringMatching(/^toolu_/)])
  })

  test('those are not told from which nothing went on', async () => {
    const { run } = await setUpTools()
    const told = await run('record', async (ask) => {
      await ask(hi)
      await talk('sunny', [])(ask)
    })
    expect(told).toEqual([])
  })
})

test('takes of an earlier run beyond the last new one are told as left over', async () => {
  const { dir, record, replay } = await setUp((index) => says(`answer ${index}`))
  const before = await record({ RECORD_TAKES: '1' })
  for (let count = 0; count < 4; count++) await say(before.url, 'Hi')
  await before.close()
  const now = await record({ RECORD_TAKES: '1' })
  const was = [await say(now.url, 'Hi'), await say(now.url, 'Hi')]
  await now.close()
  const left = (await readdir(dir)).filter((name) => /\.[34]\.jsonl$/.test(name))
  expect(left).toHaveLength(2)
  expect(ends(now.lines)).toEqual([expect.stringContaining('2 takes')])
  for (const name of left) expect(ends(now.lines)[0]).toContain(name)
  const { url } = await replay()
  expect([await say(url, 'Hi'), await say(url, 'Hi')]).toEqual(was)
})

test('a refusal and then success are replayed in that order, and no failure is told that was kept', async () => {
  const refused: Answer = { status: 429, body: '{"error":{"message":"Slow down"}}' }
  const { record, replay } = await setUp((index) => (index === 0 ? refused : says('at last')))
  const recording = await record({ RECORD_TAKES: '1' })
  const was = [await say(recording.url, 'Hi'), await say(recording.url, 'Hi')]
  await recording.close()
  expect(was[0]).toContain('upstream_refused')
  expect(recording.lines.join('\n')).toContain('recorded: 2 saved, 0 unchanged, 0 not saved')
  const { url } = await replay()
  expect([await say(url, 'Hi'), await say(url, 'Hi')]).toEqual(was)
})
