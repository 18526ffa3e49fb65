/** The SDKs that take a `fetch`: in this process, by the real addresses of the APIs. */
import { expect, test } from 'vitest'
import { createFetch } from '../../server/package/fetch.ts'
import { readConfig } from '../../server/serve/config.ts'
import { temporaryFolder } from '../kit/tools.ts'
import { CLIENTS } from './clients/index.ts'
import { leadingTo, runWire } from './kit.ts'
import { ENDS, outcomesOf } from './pages.ts'
import { USAGE, WORDS } from './wires/wire.ts'

/** Where the SDKs call if nobody points them anywhere, for APIs that a variable moves; the others call the stand-in by its address. */
const ADDRESSES: Readonly<Record<string, string | undefined>> = {
  'openai chat.completions.create': 'https://api.openai.com',
  'openai responses.create': 'https://api.openai.com',
  'anthropic messages.create': 'https://api.anthropic.com',
  'groq chat.completions.create': undefined,
  'ollama chat': 'http://127.0.0.1:11434',
  'mistral chat.stream': undefined,
  'ai streamText': 'https://api.openai.com',
  'langchain stream': 'https://api.openai.com',
}

test.each(CLIENTS.filter(({ name }) => name in ADDRESSES))('$name', async (client) => {
  const upstream = await runWire(client.wire)
  const { origin } = upstream
  const settings = {
    FIXTURES_DIR: await temporaryFolder(),
    ...leadingTo('by path', origin),
    ...leadingTo('by host', origin),
  }
  const base = (ADDRESSES[client.name] ?? origin) + client.below
  const tell = (env: Record<string, string>) =>
    client.tell(
      { base, fetch: createFetch(readConfig({ ...settings, ...env })) },
      { question: 'How warm is it?', found: true },
    )
  const recorded = await tell({ MODEL_MODE: 'record' })
  await upstream.close()
  expect(recorded).toMatchObject({ text: WORDS.join(''), usage: USAGE })
  expect(await tell({})).toEqual(recorded)
  const outcome = (env: Record<string, string>) =>
    tell(env).then(
      () => ENDS,
      (error: unknown) => (error instanceof Error ? error.constructor.name : typeof error),
    )
  const outcomes = await outcomesOf(client.name)
  expect(await outcome({ FIXTURES_DIR: await temporaryFolder() })).toBe(outcomes['no fixture'])
  expect(await outcome({ FAULT: 'truncate@2' })).toBe(outcomes['cut between two events'])
  expect(await outcome({ FAULT: 'reset@2' })).toBe(outcomes['the connection breaks'])
})
