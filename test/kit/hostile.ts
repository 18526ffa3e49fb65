/** Files that nobody means well with: what a cloned repository may bring, as the text of each. */
import { formatFixture } from '../../server/fixture/file.ts'
import { fileName } from '../../server/fixture/key.ts'
import { compose } from './answers.ts'
import { fixtureOf } from './fixtures.ts'

type Json = Readonly<Record<string, unknown>>

/** A file, its name below the folder of fixtures. */
export interface HostileFile {
  readonly name: string
  readonly text: string
}

/** The fixture of an answer with these events. */
function fileOf(body: Json, events: readonly Json[]): HostileFile {
  const fixture = fixtureOf(body, events)
  return { name: fileName(fixture), text: formatFixture(fixture) }
}

/** The fixture of a plain answer, changed as a hand can change it. */
function changed(input: string, change: (lines: string[]) => readonly string[]): HostileFile {
  const { name, text } = fileOf({ model: 'm', input }, compose('x').text(['x']).completed())
  return { name, text: `${change(text.trimEnd().split('\n')).join('\n')}\n` }
}

/** Puts lines behind the first one. */
const inserting = (input: string, more: readonly string[]): HostileFile =>
  changed(input, ([first = '', ...rest]) => [first, ...more, ...rest])

const inserted = (json: string): string => `{"at":0,"event":${json}}`

const nested = (depth: number, open = '[', close = ']', core = ''): string =>
  open.repeat(depth) + core + close.repeat(depth)

/** Texts that look like keys of Amazon's, each another. */
const keys = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `AKIA${String(index).padStart(16, 'ABCDEFGHIJKLMNOP')} `)

const plain = (input: string, deltas: readonly string[]): HostileFile =>
  fileOf({ model: 'm', input }, compose('x').text(deltas).completed())

/**
 * Large files of each kind, by what is wrong with them.
 *
 * @param size 1 is what fits into a pull request without being looked at: some 3 MB a file
 */
export function largeFiles(size: number): Readonly<Record<string, () => HostileFile>> {
  const many = (count: number) => Math.max(1, Math.round(count * size))
  const range = (count: number) => Array.from({ length: many(count) }, (_, index) => index)
  return {
    words: () =>
      plain(
        'words',
        range(10_000).map((index) => `word${index} `),
      ),
    keys: () => plain('keys', keys(many(15_000))),
    'keys in one text': () => plain('keys in one', [keys(many(30_000)).join('')]),
    families: () =>
      inserting(
        'families',
        range(200_000).map((index) => inserted(`{"type":"response.f${index}.delta"}`)),
      ),
    items: () =>
      inserting(
        'items',
        range(30_000).map((index) =>
          inserted(`{"type":"response.output_item.added","output_index":${index},"item":{"type":"t${index}"}}`),
        ),
      ),
    parts: () =>
      inserting(
        'parts',
        range(30_000).map((index) =>
          inserted(
            `{"type":"response.output_text.delta","item_id":"m${index}","output_index":${index},"content_index":0,"delta":"a "}`,
          ),
        ),
      ),
    'a deep event': () => inserting('deep event', [inserted(`{"type":"x","a":${nested(many(20_000))}}`)]),
    'a deep event with escapes': () =>
      inserting('deep escapes', [inserted(`{"type":"x\\n","a":${nested(many(20_000))}}`)]),
    'a deep header': () =>
      changed('deep header', ([first = '', ...rest]) => [
        first.replace('"input"', `"a":${nested(many(20_000))},"input"`),
        ...rest,
      ]),
    'deep usage': () =>
      inserting('deep usage', [
        inserted(`{"type":"response.in_progress","response":{"usage":${nested(many(20_000), '{"a":', '}', '1')}}}`),
      ]),
    'wide usage': () =>
      inserting('wide usage', [
        inserted(
          `{"type":"response.in_progress","response":{"usage":{${range(100_000)
            .map((index) => `"u${index}":1`)
            .join(',')}}}}`,
        ),
      ]),
    'a time without an end': () =>
      changed('endless', (lines) =>
        lines.map((line, index) => (index === 0 ? line : line.replace(/"at":\d+/, '"at":1e308'))),
      ),
    'a long line': () => inserting('long line', [inserted(`{"type":"x","a":"${'a'.repeat(many(5_000_000))}"}`)]),
    'a long line of escapes': () =>
      inserting('long escapes', [inserted(`{"type":"x","a":"${String.raw`\u0041`.repeat(many(500_000))}"}`)]),
    'a line of brackets': () => inserting('brackets', ['['.repeat(many(3_000_000))]),
    'a long text': () => plain('long text', ['ab '.repeat(many(1_000_000))]),
    'many small lines': () =>
      inserting(
        'lines',
        range(500_000).map(() => '{}'),
      ),
    'nothing but line feeds': () => ({ name: 'feeds.jsonl', text: '\n'.repeat(many(3_000_000)) }),
    zeros: () => ({ name: 'zeros.jsonl', text: '\0'.repeat(many(3_000_000)) }),
    'comments of a stream': () =>
      inserting(
        'comments',
        range(100_000).map((index) => `{"at":0,"raw":": ${index}\\n\\n"}`),
      ),
    'refused with a long body': () =>
      changed('refused', ([first = '', ...rest]) => [
        first.replace('"status":200', '"status":400').replace('"framing":"sse","names":"type"', '"framing":"text"'),
        `{"at":0,"text":${JSON.stringify('no '.repeat(many(1_000_000)))}}`,
        (rest.at(-1) ?? '').replace('"complete"', '"refused"'),
      ]),
    'many headers': () =>
      changed('headers', ([first = '', ...rest]) => [
        first.replace(
          '"headers":{',
          `"headers":{${range(50_000)
            .map((index) => `"x-h${index}":"v"`)
            .join(',')},`,
        ),
        ...rest,
      ]),
    'many query parameters': () =>
      changed('query', ([first = '', ...rest]) => [
        first.replace(
          '"path":"/v1/responses"',
          `"path":"/v1/responses","query":[${range(50_000)
            .map((index) => `["q${index}","v"]`)
            .join(',')}]`,
        ),
        ...rest,
      ]),
  }
}
