/** The exchanges of both corpora, cut into records as a recorder cuts them, and what can be seen of records. */
import type { Api } from '../../server/api/api.ts'
import { type FramingName, createReader } from '../../server/api/framing/index.ts'
import type { Headers } from '../../server/api/headers.ts'
import { apiOf, followerOf } from '../../server/api/index.ts'
import { type AnswerRecord, bytesOf } from '../../server/api/record.ts'
import type { Place } from '../../server/base/json-text.ts'
import { type JsonValue, isObject, parseJson } from '../../server/base/json.ts'
import * as streams from '../kit/corpus.ts'
import * as answers from '../kit/corpus-any.ts'

export const absent = streams.absent || answers.absent

/** A call, and the answer that it got. */
export interface Exchange {
  readonly name: string
  /** What it is an example of: a row and a framing. */
  readonly family: string
  readonly api: Api
  readonly method: string
  readonly path: string
  readonly status: number
  readonly headers: Headers
  readonly framing: FramingName
  readonly records: readonly AnswerRecord[]
}

/** Numbers from 0 to 1: the same again for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** Some of a list, chosen by a seed. */
export function sampleOf<T>(list: readonly T[], count: number, random: () => number): T[] {
  const left = [...list]
  const chosen: T[] = []
  while (chosen.length < count && left.length > 0) chosen.push(...left.splice(Math.floor(random() * left.length), 1))
  return chosen
}

/** The records of a body that came in one piece, or in pieces of this size, and its framing. */
function readBody(body: Buffer, headers: Headers, size = body.length): Pick<Exchange, 'framing' | 'records'> {
  const reader = createReader(headers)
  const records: AnswerRecord[] = []
  for (let start = 0; start < body.length; start += size)
    records.push(...reader.read(body.subarray(start, start + size), start))
  records.push(...reader.end(body.length, true))
  return { framing: reader.framing(), records }
}

export const recordsOf = (body: Buffer, headers: Headers, size?: number): readonly AnswerRecord[] =>
  readBody(body, headers, size).records

/** All exchanges, the recorded streams of the Responses API first. */
export function readExchanges(): Exchange[] {
  if (absent) return []
  const sse: Headers = [['content-type', 'text/event-stream; charset=utf-8']]
  const posted = { method: 'POST', path: '/v1/responses', status: 200 }
  const streamed = streams.readCorpus().map((stream): Exchange => {
    const api = apiOf(posted)
    return {
      ...posted,
      name: stream.name,
      family: 'responses sse',
      api,
      headers: sse,
      ...readBody(streams.asSse(stream), sse),
    }
  })
  const others = answers.readAnswers().map((answer): Exchange => {
    const { name, status, contentType, body, framing } = answer
    const asked = answers.readRequest(answer)
    const path = answer.api === 'openai-responses' ? asked.path.replace(/^.*?(?=\/responses)/, '/v1') : asked.path
    const headers: Headers = contentType === '' ? [] : [['content-type', contentType]]
    const api = apiOf({ method: asked.method, path })
    return {
      name,
      family: `${answer.api} ${framing}`,
      api,
      method: asked.method,
      path,
      status,
      headers,
      ...readBody(body, headers),
    }
  })
  return [...streamed, ...others]
}

/** Some exchanges of each family, the short ones first: what is tried with many rules has to be fast. */
export const someOfEach = (exchanges: readonly Exchange[], count: number): Exchange[] =>
  [...Map.groupBy(exchanges, ({ family }) => family).values()].flatMap((alike) =>
    alike.toSorted((one, other) => sizeOf(one) - sizeOf(other)).slice(0, count),
  )

export const sizeOf = ({ records }: Pick<Exchange, 'records'>): number =>
  records.reduce((size, { wire }) => size + wire.length, 0)

/** How an answer ended, by its row: how far it was after each record, its end, whether it is finished, its id. */
export function endOf(exchange: Exchange, records: readonly AnswerRecord[]) {
  const { api, method, path, status } = exchange
  const follower = followerOf(api, { method, path, request: {} }, status)
  const events = api.events(records)
  return {
    progress: records.map((record) => follower?.take(record)),
    end: follower?.end().end,
    isFinished: api.isFinished({ method, path }, events),
    id: api.answerId({ method, path }, events),
  }
}

/** The records that a reader makes of what would be sent again. */
export const readAgain = ({ headers }: Exchange, records: readonly AnswerRecord[]): readonly AnswerRecord[] =>
  recordsOf(bytesOf(records), headers)

/** The JSON values that a record holds: its data, or the lines of a body, or all of it. Undefined stands for what is none. */
export function valuesOf({ event, data, wire }: AnswerRecord): (JsonValue | undefined)[] {
  if (event) return [event.body]
  if (data !== undefined) return [parseJson(data)]
  if (typeof wire !== 'string' || wire.trim() === '') return []
  const whole = parseJson(wire)
  return whole === undefined
    ? wire
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map(parseJson)
    : [whole]
}

/** A string, number or word of a JSON value, and where it stands. */
export interface Leaf {
  readonly place: Place
  readonly value: string | number | boolean | null
  /** The object around it, if it is a member of one. */
  readonly within: Readonly<Record<string, JsonValue>> | undefined
}

/** All leaves of a value, in order. An empty object or list has one, too. */
export function* leavesOf(value: JsonValue, place: Place = [], within?: Leaf['within']): Generator<Leaf> {
  if (typeof value !== 'object' || value === null) {
    yield { place, value, within }
    return
  }
  const members = isObject(value) ? Object.entries(value) : value.map((item, index) => [index, item] as const)
  if (members.length === 0) yield { place, value: isObject(value) ? '{}' : '[]', within }
  for (const [key, member] of members) yield* leavesOf(member, [...place, key], isObject(value) ? value : within)
}

/** The name of the member that holds a leaf, however deep in lists. */
export const nameOf = ({ place }: Pick<Leaf, 'place'>): string =>
  String(place.findLast((step) => typeof step === 'string') ?? '')
