/** Apps that were not written for it: recorded once, green without a network, red where a prompt changes. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { putAnswer, text } from '../../../server/package/answers.ts'
import { folderWith, runServer } from '../../kit/tools.ts'
import { projectWith, runVitest } from '../../kit/vitest.ts'

const promptOf = (subject: string) => `export const PROMPT = 'Write a line about ${subject}.'\n`

const OPENAI = `
import OpenAI from 'openai'
import { PROMPT } from './prompt.ts'
const client = new OpenAI()
export const line = async () => {
  try {
    return (await client.responses.create({ model: 'gpt-4.1-mini', input: PROMPT })).output_text
  } catch {
    return null
  }
}
export async function* words() {
  const stream = await client.chat.completions.create({
    model: 'gpt-4.1-mini', messages: [{ role: 'user', content: PROMPT }], stream: true,
  })
  for await (const { choices } of stream) yield choices[0]?.delta.content ?? ''
}
`

const AI = `
import { generateText, streamText } from 'ai'
import { openai } from '@ai-sdk/openai'
import { PROMPT } from './prompt.ts'
const model = openai('gpt-4.1-mini')
export const line = async () => (await generateText({ model, prompt: PROMPT })).text
export const words = () => streamText({ model, prompt: PROMPT, onError() {} }).textStream
`

const LANGCHAIN = `
import { ChatOpenAI } from '@langchain/openai'
import { PROMPT } from './prompt.ts'
const model = new ChatOpenAI({ model: 'gpt-4.1-mini' })
export const line = async () => (await model.invoke(PROMPT)).content
export async function* words() {
  for await (const { content } of await model.stream(PROMPT)) yield content
}
`

/** What becomes of an error differs by app: it is hidden, thrown, tried again, or the stream is empty. */
const TESTS = `
import { expect, test } from 'vitest'
import * as openai from './openai.ts'
import * as ai from './ai.ts'
import * as langchain from './langchain.ts'
for (const [name, { line, words }] of Object.entries({ openai, ai, langchain })) {
  test(name + ': a line', async () => {
    expect(await line()).not.toBe('')
  })
  test(name + ': in pieces', async () => {
    const parts: string[] = []
    for await (const part of words()) parts.push(part)
    expect(parts).toBeDefined()
  })
}
`

const files = {
  'prompt.ts': promptOf('rivers'),
  'openai.ts': OPENAI,
  'ai.ts': AI,
  'langchain.ts': LANGCHAIN,
  'apps.test.ts': TESTS,
}

/** Their packages are large: loading them takes a while on a busy machine. */
const PATIENCE_MS = 400_000

test('three apps', { timeout: PATIENCE_MS }, async () => {
  const upstream = await runServer({ FIXTURES_DIR: await folderWith({}) })
  await putAnswer(`${upstream.url}/@api`, {}, text('A river runs by.'))
  const folder = await projectWith(files, ['openai', 'ai', '@ai-sdk/openai', '@langchain/openai', '@langchain/core'])

  const recorded = await runVitest(folder, [], {
    MODEL_MODE: 'record',
    OPENAI_BASE_URL: `${upstream.url}/@api/v1`,
    OPENAI_API_KEY: 'sk-real',
  })
  expect(recorded.code, recorded.output).toBe(0)
  expect(recorded.tests.size).toBe(6)
  expect(recorded.output).toMatch(/deltatape: recorded: [56] saved, 0 unchanged, 0 not saved/)
  expect(recorded.output).toMatch(/saved\n(?: {2}write-a-line-about-rivers-[\da-f]{12}\.jsonl\n){5,6}/)
  await upstream.close(0)

  // Another machine: no key, no address, no upstream.
  const replayed = await runVitest(folder)
  expect(replayed.code, replayed.output).toBe(0)
  expect(replayed.output).not.toContain('deltatape: ')

  await writeFile(join(folder, 'prompt.ts'), promptOf('lakes'))
  const changed = await runVitest(folder)
  expect(changed.code).toBe(1)
  expect(changed.tests.size).toBe(6)
  for (const [title, { status, messages }] of changed.tests) {
    expect([title, status], changed.output).toEqual([title, 'failed'])
    expect(messages).toContain('[-rivers-]{+lakes+}')
    expect(messages).toMatch(/MODEL_MODE=auto npx vitest run/)
  }
})
