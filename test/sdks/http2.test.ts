/** The AWS SDK speaks HTTP/2 without TLS to the server, and gets the same as over HTTP/1.1 from the API. */
import { expect, test } from 'vitest'
import type { At } from './clients/client.ts'
import { bedrockClients } from './clients/bedrock.ts'
import { type Way, inThreeWays, runWire } from './kit.ts'
import { ENDS, outcomesOf } from './pages.ts'
import { USAGE, WORDS } from './wires/wire.ts'

const atOf = (host: string, way: Way): At => ({ base: host, ...(way === 'direct' ? {} : { http2: true }) })

test.each(bedrockClients)('$name: streamed, and in one piece', async (client) => {
  const { direct, recorded, replayed } = await inThreeWays(await runWire(client.wire), 'by path', async (host, way) => [
    await client.tell(atOf(host, way), { question: 'How warm is it?', found: true }),
    JSON.stringify(await client.whole(atOf(host, way), { question: 'Say it' })).includes(WORDS.join('')),
  ])
  expect(direct).toMatchObject([{ text: WORDS.join(''), usage: USAGE }, true])
  expect(recorded).toEqual(direct)
  expect(replayed).toEqual(direct)
})

test.each(bedrockClients)('$name: what goes wrong', async (client) => {
  const { recorded, replayed } = await inThreeWays(
    await runWire(client.wire),
    'by path',
    async (host, way) => {
      const outcome = (question: string) =>
        client.tell(atOf(host, way), { question, found: true }).then(
          () => ENDS,
          (error: unknown) => (error instanceof Error ? error.constructor.name : typeof error),
        )
      return {
        'no fixture': way === 'replayed' ? await outcome('nobody asked this') : undefined,
        'cut between two events': await outcome('Please: cut between'),
        'cut inside an event': await outcome('Please: cut inside'),
        'the connection breaks': await outcome('Please: broken'),
        'an error in the stream': await outcome('Please: error'),
        'no event at all': await outcome('Please: empty'),
      }
    },
    { RECORD_FAILURES: '1' },
  )
  const said = await outcomesOf(client.name)
  expect(replayed).toEqual(said)
  expect({ ...recorded, 'no fixture': said['no fixture'] }).toEqual(said)
})
