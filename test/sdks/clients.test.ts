/** The official SDKs: text, tool calls and usage are the same from the API, through a recorder, and from a replay. */
import { describe, expect, test } from 'vitest'
import { runServer, temporaryFolder } from '../kit/tools.ts'
import { CLIENTS } from './clients/index.ts'
import { before, inThreeWays, leadingTo, routesOf, runWire } from './kit.ts'
import { outcomesOf } from './pages.ts'
import { USAGE, WORDS } from './wires/wire.ts'

const WEATHER = { question: 'What is the weather in Paris?' }

const cases = CLIENTS.flatMap((client) => routesOf(client).map((route) => ({ client, route, name: client.name })))

describe.each(cases)('$name, $route', ({ client, route }) => {
  test('streamed: a tool call, then the text, each with its usage', async () => {
    const { direct, recorded, replayed } = await inThreeWays(await runWire(client.wire), route, async (host) => {
      const at = { base: host + client.below }
      return { asks: await client.tell(at, WEATHER), tells: await client.tell(at, { ...WEATHER, found: true }) }
    })
    expect(direct.asks.calls).toEqual([{ name: 'get_weather', args: { city: 'Paris' } }])
    expect(direct.asks.usage).toEqual(USAGE)
    expect(direct.tells).toMatchObject({ text: WORDS.join(''), calls: [], usage: USAGE })
    expect(direct.tells.chunks.length).toBeGreaterThanOrEqual(WORDS.length)
    expect(recorded).toEqual(direct)
    expect(replayed).toEqual(direct)
  })

  test('in one piece', async () => {
    const { direct, recorded, replayed } = await inThreeWays(await runWire(client.wire), route, (host) =>
      client.whole({ base: host + client.below }, { question: 'Say it' }),
    )
    expect(JSON.stringify(direct)).toContain(WORDS.join(''))
    expect(recorded).toEqual(direct)
    expect(replayed).toEqual(direct)
  })

  test('a miss is its own error, with the words of deltatape, and it asks once', async () => {
    const { origin, close } = await runWire(client.wire)
    await close()
    const { url, lines } = await runServer({ FIXTURES_DIR: await temporaryFolder(), ...leadingTo(route, origin) })
    const base = before(route, url, origin) + client.below
    const failed = async (asking: Promise<unknown>) => {
      const error = await asking.then(
        () => 'no error',
        (thrown: unknown) => thrown,
      )
      expect(error).toBeInstanceOf(Error)
      const named = error instanceof Error ? error.constructor.name : typeof error
      expect(await outcomesOf(client.name)).toMatchObject({ 'no fixture': named })
      expect({ isOwn: client.isOwn(error), told: String(error) }).toEqual({
        isOwn: true,
        told: expect.stringContaining('No fixture for this request'),
      })
    }
    await failed(client.whole({ base, retries: true }, WEATHER))
    expect(lines).toHaveLength(1)
    await failed(client.tell({ base, retries: true }, WEATHER))
    expect(lines).toHaveLength(2)
  })
})
