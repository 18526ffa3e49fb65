/** What each SDK makes of a stream that goes wrong: the same from the API, from a replay of it, and from a fault. */
import { describe, expect, test } from 'vitest'
import { runServer, temporaryFolder } from '../kit/tools.ts'
import type { At, Client } from './clients/client.ts'
import { CLIENTS } from './clients/index.ts'
import { inThreeWays, leadingTo, runWire } from './kit.ts'
import { BEFORE, BREAKS, type Break } from './wires/wire.ts'

interface Made {
  /** `ends` if the SDK takes the stream for a whole one, or the class of what it throws. */
  readonly ended: string
  /** What it gave before; undefined if that depends on how fast it was. */
  readonly chunks: readonly unknown[] | undefined
}

/** What an SDK makes of a stream. */
async function made(client: Client, at: At, question: string): Promise<Made> {
  const chunks: unknown[] = []
  try {
    for await (const chunk of client.stream(at, { question })) chunks.push(chunk)
    return { ended: 'ends', chunks }
  } catch (error) {
    return { ended: error instanceof Error ? error.constructor.name : typeof error, chunks: undefined }
  }
}

/** Whether an SDK throws; undefined where only the sameness counts. */
const THROWS: Readonly<Record<string, Readonly<Record<Break, boolean | undefined>>>> = {
  'openai create': { 'cut between': false, 'cut inside': true, broken: true, error: true, empty: false },
  'openai .stream()': { 'cut between': true, 'cut inside': true, broken: true, error: true, empty: true },
  'anthropic create': { 'cut between': false, 'cut inside': false, broken: true, error: true, empty: false },
  'anthropic .stream()': { 'cut between': true, 'cut inside': true, broken: true, error: true, empty: true },
  genai: { 'cut between': false, 'cut inside': true, broken: true, error: true, empty: false },
  mistral: { 'cut between': false, 'cut inside': false, broken: true, error: true, empty: false },
  cohere: { 'cut between': false, 'cut inside': false, broken: true, error: false, empty: false },
  groq: { 'cut between': false, 'cut inside': false, broken: true, error: true, empty: false },
  ollama: { 'cut between': true, 'cut inside': true, broken: true, error: true, empty: true },
  bedrock: { 'cut between': false, 'cut inside': true, broken: undefined, error: undefined, empty: undefined },
}

describe.each(CLIENTS)('$name', (client) => {
  test.each(BREAKS)('%s: recorded, and replayed as it happened', async (due) => {
    const { direct, recorded, replayed } = await inThreeWays(
      await runWire(client.wire),
      client.byPath ? 'by path' : 'by host',
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
    const settings = { FIXTURES_DIR: await temporaryFolder(), ...leadingTo(upstream.origin) }
    const recorder = await runServer({ ...settings, MODEL_MODE: 'record' })
    const player = await runServer(settings)
    const baseOf = (url: string) => (client.byPath ? url : `${url}/${new URL(upstream.origin).host}`) + client.below
    const question = 'Say it'
    expect(await made(client, { base: baseOf(recorder.url) }, question)).toMatchObject({ ended: 'ends' })
    const faults = { truncate: 'cut between', reset: 'broken', error: 'error' } as const
    for (const [fault, due] of Object.entries(faults)) {
      const direct = await made(client, { base: upstream.origin + client.below }, `Please: ${due}`)
      const headers = { 'x-deltatape-fault': `${fault}@${BEFORE}` }
      const broken = await made(client, { base: baseOf(player.url), headers }, question)
      // An error in a stream has other words.
      expect(fault === 'error' ? broken.ended : broken, fault).toEqual(fault === 'error' ? direct.ended : direct)
    }
    await upstream.close()
  })
})
