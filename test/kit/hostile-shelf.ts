/** Fixtures whose texts would do something if they were taken for more than text. */
import { fixtureOf } from './fixtures.ts'
import { compose } from './answers.ts'
import { type Shelf, shelfOf } from './shelf.ts'
import { formatFixture } from '../../server/fixture/file.ts'

/** Markup that says that it ran, by `window.ran`. */
const MARKUP =
  '<script>window.ran="script"</script><img src=x onerror="window.ran=\'img\'"><style>*{display:none}</style></textarea></title><svg onload="window.ran=\'svg\'"><a href="javascript:window.ran=1">go</a><!--'

/** Turns what follows around, hides, breaks lines where there are none, or is no character. */
const MARKS = 'a\u202Eb\u2066c\u0000d\u001Be\u0085f\u200Bg\uFEFFh\u2028i\u2029j\u061Ck'

/** How the page shows the marks: by their numbers. */
export const SHOWN_MARKS = 'a⟨202E⟩b'

const everywhere = (text: string) =>
  fixtureOf(
    { model: text, input: `hostile ${text}`, instructions: text, [text]: text },
    compose('h', text)
      .reasoning([text, text])
      .call(text, [JSON.stringify({ [text]: text })])
      .text(['before ', text, ' after'])
      .completed()
      .flatMap((event, index) => (index === 3 ? [{ type: text, [text]: text }, event] : [event])),
    { ending: { end: 'malformed', why: text } },
  )

/** The members that every object has already. */
const PROTO = '{"type":"__proto__","__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'

/** A fixture of one text, changed as a hand can change it. */
function changed(input: string, change: (lines: string[]) => readonly string[]): string {
  const lines = formatFixture(fixtureOf({ model: 'm', input }, compose('x').text(['x']).completed()))
    .trimEnd()
    .split('\n')
  return `${change(lines).join('\n')}\n`
}

const inserting = (input: string, ...more: readonly string[]): string =>
  changed(input, ([first = '', ...rest]) => [first, ...more, ...rest])

/** By the name of its file, which is odd as well; what is on each stands in its question. */
export const hostile = (): Shelf => ({
  ...shelfOf(everywhere(MARKUP), everywhere(MARKS), everywhere('__proto__'), everywhere('constructor')),
  ...shelfOf(
    fixtureOf(
      { model: 'm', input: 'one long line' },
      compose('l')
        .text(['start ', 'x'.repeat(2 ** 20)])
        .completed(),
    ),
    fixtureOf({ model: 'm', input: 'no record' }, [], { ending: { end: 'truncated' } }),
    fixtureOf({ model: 'm', input: 'all at once' }, compose('o').text(['a', 'b']).completed(), { endedAt: 0 }),
  ),
  'proto.jsonl': inserting('proto', `{"at":0,"event":${PROTO}}`),
  'surrogates.jsonl': inserting(
    'surrogates',
    String.raw`{"at":0,"event":{"type":"response.output_text.delta","item_id":"m","output_index":9,"content_index":0,"delta":"half \ud83d only"}}`,
  ),
  'deep.jsonl': inserting('deep', `{"at":0,"event":{"type":"deep","a":${'['.repeat(100)}${']'.repeat(100)}}}`),
  'late.jsonl': changed('late', (lines) => lines.map((line) => line.replace(/"at":\d+/, '"at":9007199254740991'))),
  'cut.jsonl': changed('cut', (lines) => lines.slice(0, -1)),
  'empty.jsonl': '',
  'no fixture at all.jsonl': 'hello <b>there</b>\n',
  'a#b?c=d&e%20f%2Fg;h.jsonl': inserting('odd name with marks of addresses'),
  '<img src=x onerror=window.ran=1>.jsonl': inserting('odd name with markup'),
  'it\'s "quoted" `here` $(touch x).jsonl': inserting('odd name with quotes'),
  'ünïcödé 世界 👋🏽.jsonl': inserting('odd name of many scripts'),
  'a\u202Elnosj.jsonl': inserting('odd name that turns around'),
  'below/and below/one.jsonl': inserting('odd name in a folder'),
  [`${'n'.repeat(200)}.jsonl`]: inserting('odd name that is long'),
})

/** A fixture of so many records, each of some bytes. */
export const wide = (records: number): string =>
  inserting(
    'so many records',
    ...Array.from(
      { length: records },
      (_, index) =>
        `{"at":${index},"event":{"type":"response.output_text.delta","item_id":"m","output_index":9,"content_index":0,"delta":"w${index} "}}`,
    ),
  )
