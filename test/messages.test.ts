/**
 * Every message in one list, `docs/messages.md`, as the sources have it. To write the page anew:
 * `npx vitest run --config test/vitest.config.ts test/messages.test.ts -u`
 */
import { readFile, readdir } from 'node:fs/promises'
import { format } from 'prettier'
import { expect, test } from 'vitest'
import { type ErrorCode, edgesOf } from '../server/base/errors.ts'
import { tableBelow } from './kit/docs.ts'
import { type Told, gatherTold } from './kit/told.ts'
import { runDeltatape } from './kit/tools.ts'

/** The codes, in the order of their table. */
const CODES = [...(await readFile('server/base/errors.ts', 'utf8')).matchAll(/^ {2}(\w+): \{.*\},$/gm)].map(
  ([, code = '']) => code,
)
const isCode = (word: string): word is ErrorCode => CODES.includes(word)

/** Where a text belongs that stands beside no code: to the errors that are made there, or to who says it. */
const PLACES: readonly (readonly [files: RegExp, belongs: string])[] = [
  [/^server\/fixture\/(?:alike|apart|match|mend|nearest|places)\.ts/, 'fixture_miss'],
  [/^server\/(?:fixture\/written|base\/name)\.ts/, 'invalid_input'],
  [
    /^server\/base\/variables|^server\/redact\/(?:expressions|match-rules|path|own|rules|spared)|^server\/store\/place|^server\/serve\/(?:config|services)\.ts/,
    'config_invalid',
  ],
  [
    /^server\/(?:fixture\/|api\/framing\/|base\/json|upkeep\/(?:check|verify|continuing)|store\/unreadable|redact\/shape)/,
    'fixture_invalid',
  ],
  [/^server\/store\/drivers\/directory/, 'fixtures_unusable'],
  [/^server\/store\/drivers/, 'store_refused'],
  [/^server\/upkeep\/unused/, 'usage_unusable'],
  [/^server\/api\/ending|^server\/model\/transport\/credential/, 'upstream_refused'],
  [/^server\/api\/(?:interactions|openai|told|responses\/(?:events|told))/, 'upstream_failed'],
  [/^server\/api\//, 'upstream_error'],
  [/^server\/(?:command|upkeep)\/|^server\/cli|^bin\//, 'The command'],
  [/^server\/package\//, 'Test runners and promptfoo'],
  [/^server\//, 'The server, its log and its metrics'],
  [/^web\//, 'The page'],
]

const belongsTo = ({ codes, file }: Told): readonly string[] =>
  codes.length > 0 ? codes : [PLACES.find(([files]) => files.test(file))?.[1] ?? file]

/** Words without which a text is no more than a name of something. */
const MIN_WORDS = 3

const wordsIn = (text: string): number => text.replaceAll(/<[^>]*>/g, '').match(/\p{L}{2,}/gu)?.length ?? 0

const inOneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim()

/** The help of the command and of each sub-command, by its name. */
const helps = await (async () => {
  const { out } = await runDeltatape(['--help'])
  const names = [...out.join('\n').matchAll(/^ {2}([a-z]+) {2,}/gm)].map(([, name = '']) => name)
  const found: [name: string, text: string][] = [['deltatape --help', out.join('\n')]]
  for (const name of names.filter((each) => each !== 'help')) {
    const help = await runDeltatape([name, '--help'])
    found.push([`deltatape ${name} --help`, help.out.join('\n')])
  }
  return found
})()

const told = await (async () => {
  const helped = inOneLine(helps.map(([, text]) => text).join(' '))
  const all = await gatherTold(CODES, 'server', 'web', 'bin')
  return all
    .map((each) => ({ ...each, text: inOneLine(each.text) }))
    .filter(({ text, codes }) => (codes.length > 0 || wordsIn(text) >= MIN_WORDS) && !helped.includes(text))
})()

/** The texts that belong somewhere, each once. */
function textsOf(place: string): string[] {
  const texts = told.filter((each) => belongsTo(each).includes(place)).map(({ text }) => text)
  return [...new Set(texts)].toSorted((one, other) => one.localeCompare(other, 'en'))
}

/** What a text is in Markdown. */
const asCode = (text: string): string => (text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``)

const listOf = (place: string): string =>
  textsOf(place)
    .map((text) => `- ${asCode(text)}`)
    .join('\n')

function edgesInWords(code: string): string {
  const { http, close, exit } = isCode(code) ? edgesOf(code) : {}
  return [
    http === undefined ? [] : `HTTP ${http}`,
    close === undefined ? [] : `close code ${close}`,
    exit === undefined ? [] : `exit code ${exit}`,
  ]
    .flat()
    .join(', ')
}

async function page(): Promise<string> {
  const meanings = new Map(
    tableBelow(await readFile('docs/chat.md', 'utf8'), '## Errors').map(([code = '', what = '']) => [code, what]),
  )
  const errors = CODES.map((code) => {
    const about = [meanings.get(`\`${code}\``), edgesInWords(code)].filter(Boolean).join(' · ')
    return `### ${code}\n\n${about}\n\n${listOf(code)}`
  })
  const others = ['The command', 'The server, its log and its metrics', 'Test runners and promptfoo', 'The page']
  const text = `# Every message

What deltatape says, word for word, to look up what you see. \`<…>\` stands for what is known when it is said, \`[a | b]\` for one of several, \`[a]\` for what may be missing. Some are parts of others. [troubleshooting.md](troubleshooting.md) tells more of those that come most often. A test writes this page from the sources.

## Errors

By their code, as frames, HTTP answers and the log have it. A command ends with exit code 2, or with the one that its help tells.

${errors.join('\n\n')}

${others.map((place) => `## ${place}\n\n${listOf(place)}`).join('\n\n')}

## Help

${helps.map(([name, help]) => `### ${name}\n\n\`\`\`text\n${help}\n\`\`\``).join('\n\n')}
`
  return format(text, { parser: 'markdown' })
}

test('the page of messages has every one, as it is said', async () => {
  await expect(await page()).toMatchFileSnapshot('../docs/messages.md')
})

/** The commands of deltatape that messages tell, and those of the examples in helps: sub-command and words. */
const commands = [
  ...told.map(({ text }) => text),
  // In helps, what is said of an example stands some way behind it.
  ...helps.map(([, text]) => text.replaceAll(/ \|\s+.*|(?<=\S) {2,}.*$/gm, '')),
].flatMap((text) =>
  Array.from(
    text.matchAll(/npx deltatape ([a-z][^`\n]*)/g),
    ([, words = '']) => words.split(' -- ')[0]?.split(/[ .)]+/) ?? [],
  ),
)

test('every command that a message tells is one, with flags that it has', () => {
  const known = new Map(
    helps.map(([name, text]) => [
      name.split(' ')[1],
      new Set(Array.from(text.matchAll(/--[a-z-]+/g), ([flag]) => flag)),
    ]),
  )
  const wrong = commands.filter(([name = '', ...words]) => {
    const flags = known.get(name)
    return flags === undefined || words.some((word) => word.startsWith('--') && !flags.has(word))
  })
  expect(commands.length).toBeGreaterThan(60)
  expect(wrong).toEqual([])
})

test('every command in a message of the server is made in one place; helps alone have some as examples', async () => {
  const sources = (await readdir('server', { recursive: true })).filter((name) => name.endsWith('.ts'))
  const lines = (await Promise.all(sources.map((name) => readFile(`server/${name}`, 'utf8')))).join('\n').split('\n')
  const byHand = lines.filter(
    (line) => line.includes('npx deltatape') && !/^ *(?:\/?\*\*? |\/\/)|^ {2}(?:npx|eval) /.test(line),
  )
  expect(byHand).toEqual([])
})

test('what an error says in several sentences ends with one', () => {
  const whole = told.filter(({ text, codes }) => codes.length > 0 && /^["<]?\p{Lu}.*\. \p{Lu}/u.test(text))
  expect(whole.length).toBeGreaterThan(40)
  // There, what makes the error sets the point.
  const others = whole.filter(({ file }) => file !== 'server/fixture/written.ts')
  expect(others.map(({ text }) => text).filter((text) => !/[.?…>\])]$/u.test(text))).toEqual([])
})

test('every code has a message, and every message a place', () => {
  expect(CODES.filter((code) => textsOf(code).length === 0)).toEqual([])
  expect(told.flatMap(belongsTo).filter((place) => place.includes('/'))).toEqual([])
})
