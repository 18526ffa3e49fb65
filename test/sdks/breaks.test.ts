/** What each SDK makes of a stream that goes wrong: the same from the API, from a replay of it, and from a fault. */
import { describe, expect, test } from 'vitest'
import { runServer, temporaryFolder } from '../kit/tools.ts'
import type { At, Client } from './clients/client.ts'
import { CLIENTS } from './clients/index.ts'
import { before, inThreeWays, leadingTo, routesOf, runWire } from './kit.ts'
import { BEFORE, BREAKS, type Break } from './wires/wire.ts'

interface Made {
  /** `ends` if the SDK takes the stream for a whole one, or the class of what it throws. */
  readonly ended: string
  /** Whether what it throws is an error of its own. */
  readonly isOwn: boolean
  /** What it gave before; undefined if that depends on how fast it was. */
  readonly chunks: readonly unknown[] | undefined
}

/** What an SDK makes of a stream. */
async function made(client: Client, at: At, question: string): Promise<Made> {
  const chunks: unknown[] = []
  try {
    for await (const chunk of client.stream(at, { question })) chunks.push(chunk)
    return { ended: 'ends', isOwn: false, chunks }
  } catch (error) {
    const ended = error instanceof Error ? error.constructor.name : typeof error
    return { ended, isOwn: client.isOwn(error), chunks: undefined }
  }
}

/** Whether an SDK throws; undefined where only the sameness counts. */
const THROWS: Readonly<Record<string, Readonly<Record<Break, boolean | undefined>>>> = {
  'openai create': { 'cut between': false, 'cut inside': true, broken: true, error: true, empty: false },
  'openai .stream()': { 'cut between': true, 'cut inside': true, broken: true, error: true, empty: true },
  'openai responses create': { 'cut between': false, 'cut inside': true, broken: true, error: true, empty: false },
  'openai responses .stream()': { 'cut between': false, 'cut inside': true, broken: true, error: true, empty: true },
  azure: { 'cut between': false, 'cut inside': true, broken: true, error: true, empty: false },
  'anthropic create': { 'cut between': false, 'cut inside': false, broken: true, error: true, empty: false },
  'anthropic .stream()': { 'cut between': true, 'cut inside': true, broken: true, error: true, empty: true },
  genai: { 'cut between': false, 'cut inside': true, broken: true, error: true, empty: false },
  mistral: { 'cut between': false, 'cut inside': false, broken: true, error: true, empty: false },
  cohere: { 'cut between': false, 'cut inside': false, broken: true, error: false, empty: false },
  groq: { 'cut between': false, 'cut inside': false, broken: true, error: true, empty: false },
  ollama: { 'cut between': true, 'cut inside': true, broken: true, error: true, empty: true },
  'bedrock converse': { 'cut between': false, 'cut inside': true, broken: true, error: true, empty: false },
  'bedrock invoke': { 'cut between': false, 'cut inside': true, broken: true, error: true, empty: false },
}

/** What a fault does to a stream after so many records. */
const FAULTS = { truncate: 'cut between', reset: 'broken', drop: 'broken', error: 'error' } as const

test.each(CLIENTS)('$name is expected to do something', ({ name }) => {
  expect(THROWS).toHaveProperty([name])
})

describe.each(CLIENTS)('$name', (client) => {
  const [route] = routesOf(client)

  test.each(BREAKS)('%s: recorded, and replayed as it happened', async (due) => {
    const { direct, recorded, replayed } = await inThreeWays(
      await runWire(client.wire),
      route,
      (host) => made(client, { base: host + client.below }, `Please: ${due}`),
      { RECORD_FAILURES: '1' },
    )
    const throws = THROWS[client.name]?.[due]
    if (throws !== undefined) expect(direct.ended !== 'ends').toBe(throws)
    expect(recorded).toEqual(direct)
    expect(replayed).toEqual(direct)
  })

  test('asked for: a replay that breaks on purpose does as an API that does it', async () => {
    const upstream = await runWire(client.wire)
    const { origin } = upstream
    const settings = { FIXTURES_DIR: await temporaryFolder(), ...leadingTo(route, origin) }
    const recorder = await runServer({ ...settings, MODEL_MODE: 'record' })
    const player = await runServer(settings)
    const baseOf = (url: string) => before(route, url, origin) + client.below
    const question = 'Say it'
    expect(await made(client, { base: baseOf(recorder.url) }, question)).toMatchObject({ ended: 'ends' })
    for (const [fault, due] of Object.entries(FAULTS)) {
      const direct = await made(client, { base: origin + client.below }, `Please: ${due}`)
      const plan = `${fault}@${BEFORE}`
      const asked = await made(client, { base: baseOf(player.url), headers: { 'x-deltatape-fault': plan } }, question)
      const breaking = await runServer({ ...settings, FAULT: plan })
      const always = await made(client, { base: baseOf(breaking.url) }, question)
      // An error in a stream has other words, and with some SDKs another class.
      if (fault === 'error') expect(asked.isOwn).toBe(direct.isOwn)
      else expect(asked, fault).toEqual(direct)
      expect(always, fault).toEqual(asked)
    }
    await upstream.close()
  })
})
