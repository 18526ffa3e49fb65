/** What each SDK makes of a stream that goes wrong: the same from the API, from a replay of it, and from a fault. */
import { describe, expect, test } from 'vitest'
import { runServer, temporaryFolder } from '../kit/tools.ts'
import type { At, Client } from './clients/client.ts'
import { CLIENTS } from './clients/index.ts'
import { before, inThreeWays, leadingTo, routesOf, runWire } from './kit.ts'
import { ENDS, outcomesOf } from './pages.ts'
import { responses } from './wires/responses.ts'
import { BEFORE, BREAKS, type Break } from './wires/wire.ts'

interface Made {
  /** {@link ENDS} if the SDK takes the stream for a whole one, or the class of what it throws. */
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
    return { ended: ENDS, isOwn: false, chunks }
  } catch (error) {
    const ended = error instanceof Error ? error.constructor.name : typeof error
    return { ended, isOwn: client.isOwn(error), chunks: undefined }
  }
}

/** How the pages of the docs call what goes wrong. */
const ROWS: Readonly<Record<Break, string>> = {
  'cut between': 'cut between two events',
  'cut inside': 'cut inside an event',
  broken: 'the connection breaks',
  error: 'an error in the stream',
  empty: 'no event at all',
}

/** What a fault does to a stream after so many records. */
const FAULTS = { truncate: 'cut between', reset: 'broken', drop: 'broken', error: 'error' } as const

describe.each(CLIENTS)('$name', (client) => {
  const [route] = routesOf(client)

  test('recorded, and replayed as it happened', async () => {
    const { direct, recorded, replayed } = await inThreeWays(
      await runWire(client.wire),
      route,
      async (host) => {
        const at = { base: host + client.below }
        const all: [string, Made][] = []
        for (const due of BREAKS) all.push([ROWS[due], await made(client, at, `Please: ${due}`)])
        return Object.fromEntries(all)
      },
      { RECORD_FAILURES: '1' },
    )
    const said = Object.entries(direct).map(([row, { ended }]) => [row, ended])
    expect(await outcomesOf(client.name)).toMatchObject(Object.fromEntries(said))
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
    expect(await made(client, { base: baseOf(recorder.url) }, question)).toMatchObject({ ended: ENDS })
    for (const [fault, due] of Object.entries(FAULTS)) {
      const direct = await made(client, { base: origin + client.below }, `Please: ${due}`)
      const plan = `${fault}@${BEFORE}`
      const asked = await made(client, { base: baseOf(player.url), headers: { 'x-deltatape-fault': plan } }, question)
      const breaking = await runServer({ ...settings, FAULT: plan })
      const always = await made(client, { base: baseOf(breaking.url) }, question)
      const named = `${player.url}/@${fault}`
      await fetch(`${named}/fault`, { method: 'PUT', body: plan })
      const byName = await made(client, { base: baseOf(named) }, question)
      // An error in a stream has other words, and with some SDKs another class.
      if (fault === 'error') expect(asked.isOwn).toBe(direct.isOwn)
      else expect(asked, fault).toEqual(direct)
      expect(always, fault).toEqual(asked)
      expect(byName, fault).toEqual(asked)
    }
    await upstream.close()
  })

  test('asked for: what comes instead of an answer is its own error, with the words of deltatape', async () => {
    const { origin, close } = await runWire(client.wire)
    await close()
    const { url } = await runServer({ FIXTURES_DIR: await temporaryFolder(), ...leadingTo(route, origin) })
    const at = (plan: string) => ({
      base: before(route, url, origin) + client.below,
      headers: { 'x-deltatape-fault': plan },
    })
    const thrown = async (asking: Promise<unknown>) => {
      const error = await asking.then(
        () => 'no error',
        (cause: unknown) => cause,
      )
      return { isOwn: client.isOwn(error), told: String(error) }
    }
    const own = (words: string) => ({ isOwn: true, told: expect.stringContaining(words) })
    for (const status of [400, 401, 403, 404, 408, 429, 500, 503, 529]) {
      const words = 'Refused on purpose'
      expect(await thrown(client.whole(at(`refuse:${status}`), { question: 'Say it' })), `${status}`).toEqual(
        own(words),
      )
      expect(await thrown(client.tell(at(`refuse:${status}`), { question: 'Say it' })), `${status}`).toEqual(own(words))
    }
    // The Responses API answers with a response that has failed, and some SDKs hand that on.
    for (const plan of client.wire === responses ? [] : ['error', 'fail']) {
      expect(await thrown(client.whole(at(plan), { question: 'Say it' })), plan).toEqual(own('Failed on purpose'))
    }
  })
})
