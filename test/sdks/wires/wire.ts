/** How an API sends its answers: what a stand-in needs to speak its wire. */
import type { Answer, Call } from '../../kit/standin.ts'

/** What the stand-ins say, in pieces, once they were told what the tool found. */
export const WORDS = ['It is ', '21 °C', ' in Paris. ☀️']

/** What the tool says. */
export const FOUND = '{"degrees":21}'

export const USAGE = { input: 11, output: 7 }

/** What can go wrong with a stream, after its second record. */
export const BREAKS = ['cut between', 'cut inside', 'broken', 'error', 'empty'] as const

export type Break = (typeof BREAKS)[number]

/** How many records come before what goes wrong. */
export const BEFORE = 2

export interface Wire {
  /** The path, without what names a host. */
  readonly path: RegExp
  /** The content type of a stream. */
  readonly type: string
  /** Headers that each answer has. */
  readonly headers?: Readonly<Record<string, string>>
  readonly streams: (call: Call) => boolean
  /** The records of a stream that asks for the tool, and of one that tells. */
  readonly asks: readonly Uint8Array[]
  readonly tells: readonly Uint8Array[]
  /** How a stream tells that it has failed. */
  readonly error: Uint8Array
  /** The whole answer as JSON text. */
  readonly whole: string
}

/** What a wire answers to a call; the words of its request say whether and how it goes wrong. */
export function answerOf(wire: Wire, call: Call): Answer {
  const { type, headers = {} } = wire
  if (!wire.streams(call)) return { headers: { ...headers, 'content-type': 'application/json' }, body: wire.whole }
  const asked = JSON.stringify(call.body)
  const records = asked.includes('weather') && !asked.includes('degrees') ? wire.asks : wire.tells
  const due = BREAKS.find((each) => asked.includes(`Please: ${each}`))
  const raw = (bytes: Uint8Array) => ({ raw: bytes })
  const before = due === 'empty' ? [] : due === undefined ? records : records.slice(0, BEFORE)
  const next = records[BEFORE] ?? Buffer.of()
  const last =
    due === 'cut inside'
      ? [raw(next.subarray(0, Math.floor(next.length / 2)))]
      : due === 'error'
        ? [raw(wire.error)]
        : due === 'broken'
          ? (['reset'] as const)
          : []
  return { headers: { ...headers, 'content-type': type }, steps: [...before.map(raw), ...last] }
}

/** Server-sent events, each a record. */
export const sse = (
  events: readonly (object | string)[],
  { eol = '\n', nameOf }: { eol?: string; nameOf?: (event: object) => string } = {},
): Buffer[] =>
  events.map((event) => {
    const name = nameOf && typeof event === 'object' ? `event: ${nameOf(event)}${eol}` : ''
    return Buffer.from(`${name}data: ${typeof event === 'string' ? event : JSON.stringify(event)}${eol}${eol}`)
  })

export const typeOf = (event: object): string => ('type' in event ? String(event.type) : '')
