/** `deltatape write`: fixtures that nobody recorded, of what an API is to answer. */
import { Command, InvalidArgumentError } from 'commander'
import { readFile } from 'node:fs/promises'
import type { Call } from '../api/call.ts'
import { bytesOf } from '../api/record.ts'
import type { Item } from '../api/said.ts'
import { DeltatapeError, systemCode } from '../base/errors.ts'
import { deltatape, wordFor } from '../base/command-line.ts'
import { printable } from '../base/text.ts'
import { addressOf, withInput } from '../fixture/alike.ts'
import { isDamage } from '../fixture/damage.ts'
import { NAME_KEY_CHARS } from '../fixture/key.ts'
import type { Fixture } from '../fixture/fixture.ts'
import { givenBy } from '../fixture/thread.ts'
import { isWritten, readItems, writtenFor } from '../fixture/written.ts'
import type { OpenFixtures } from '../store/index.ts'
import { pick, readFixture } from '../store/pick.ts'
import type { Config } from '../serve/config.ts'
import { APIS, type Asking, callsFor } from './asking.ts'
import { type Context, type Define, configWithKeys, shownPath } from './command.ts'
import { WHERE, addFixtures, openFor, sameFixtures, tellIgnored } from './fixtures.ts'

interface Options extends Omit<Asking, 'request' | 'headers'> {
  readonly request?: string
  readonly like?: string
  readonly header: readonly string[]
  readonly text?: string
  readonly reasoning?: string
  readonly refusal?: string
  readonly tool: readonly string[]
  readonly incomplete?: true
  readonly failure?: number
  readonly retryAfter?: number
  readonly pace?: number
  readonly force?: true
}

const gather = (value: string, before: readonly string[]): readonly string[] => [...before, value]

export const defineWrite: Define = (context) =>
  addFixtures(new Command('write'))
    .option('--input <text>', 'what the user says, in the simplest call of the API')
    .option('--request <json>', 'the request itself, as the app sends it: a file, the JSON, or - for a pipe')
    .option('--like <fixture>', 'the request of a fixture, with --input in place of what the user said there')
    .option('--api <name>', `which API: ${APIS.join(', ')}; the first if it is not said`)
    .option('--url <address>', 'the address that is called, or its path, if it is not the usual one')
    .option('--model <name>', 'the model that is asked')
    .option('--max-tokens <count>', 'max_tokens of a call of Messages', parseWhole, 1024)
    .option(
      '--header <header>',
      "a header that counts for the key, such as 'anthropic-beta: x'; may be given again",
      gather,
      [],
    )
    .option('--stream', 'only for calls that stream')
    .option('--no-stream', 'only for calls that do not stream')
    .option('--text <text>', 'what is answered; - for a pipe')
    .option('--tool <name=json>', 'a tool that is called, with its arguments; may be given again', gather, [])
    .option('--refusal <text>', 'the model refuses, in these words')
    .option('--reasoning <text>', 'what the model thinks before it speaks')
    .option('--incomplete', 'the answer is cut short, as if its tokens were used up')
    .option('--failure <status>', 'the API refuses the call with this HTTP status', parseWhole)
    .option('--retry-after <seconds>', 'with --failure, after how many seconds it may be called again', parseWhole)
    .option('--pace <ms>', 'how long each piece takes, such as 20ms', parsePace)
    .option('--force', 'write over a recording, too')
    .addHelpText('after', HELP)
    .action((options: Options, command: Command) => run(context, options, command))

const HELP = `
Without --request the call is the one that the simplest program makes: of the
Responses API that of the chat endpoints and of responses.create, of the others
that of their SDK. Those that stream and those that do not have a fixture each;
of the Responses API one serves both. An app that sends more, such as
instructions or tools, needs its own request: --request, or --like one that was
recorded. What else counts is said by --header and --url: an SDK of another age
may have 'anthropic-version: 2023-06-01', or /v1beta/models/… with Gemini.

Ids and times are made of the call: the same command writes the same bytes.
What is written is told so by ls and show, and replaced by a recording without
asking. A recording is not written over without --force.

Examples:
  npx deltatape write --input 'Say hi' --text 'Hello'
  npx deltatape write --input 'Say hi' --text 'Hello' --api chat --model gpt-5
  npx deltatape write --input 'Weather?' --tool weather='{"city":"Paris"}'
  npx deltatape write --request request.json --text 'Hello'
  npx deltatape write --like say-hi --input 'Say bye' --text 'Bye'
  npx deltatape write --input 'Say hi' --failure 429 --retry-after 7

Exit codes: 0 written, 2 nothing was written.`

function parseWhole(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number.')
}

function parsePace(text: string): number {
  const [, amount] = /^(\d{1,6}(?:\.\d+)?)(?:ms)?$/.exec(text) ?? []
  if (amount !== undefined) return Number(amount)
  throw new InvalidArgumentError('It must be a time in ms, such as 20ms.')
}

/** The variables that mean something here. */
const SETTINGS = [...WHERE, 'CONFIG_FILE', 'CHATBOT_MODEL', 'OPENAI_API_KEY', 'OPENAI_BASE_URL', 'AUTH_TOKEN', 'PORT']

async function run(context: Context, options: Options, command: Command): Promise<void> {
  const { terminal } = context
  const config = configWithKeys(command, context.env, ...SETTINGS)
  const opened = openFor(config, context)
  const { store } = opened
  const wanted = readItems(await itemsOf(options, context))
  const calls = callsFor(await askingOf(options, context, opened), config)
  await store.check({ write: true })
  const fixtures: { readonly call: Call; readonly fixture: Fixture }[] = []
  let isRedacted = false
  for (const call of calls) {
    const whole = writtenFor(await store.identify(call), wanted)
    if (!options.force) await refuseRecorded(opened, whole)
    const fixture = await withoutSecrets(opened, call, whole)
    fixtures.push({ call, fixture })
    isRedacted ||= fixture !== whole
  }
  if (isRedacted)
    terminal.tell('deltatape: What looks like a secret in the answer was redacted, as it is in recordings.')
  const names: string[] = []
  for (const { call, fixture } of fixtures) {
    const { outcome, name } = await store.save(fixture, true)
    names.push(name)
    const did = outcome === 'saved' ? 'Wrote' : 'Unchanged:'
    terminal.write(`${did} ${terminal.style('bold', shownPath(store, name))} (${described(call, fixture)})`)
  }
  const [first] = fixtures
  if (first)
    terminal.write(
      ['', ...howToTry(first.call, first.fixture, { config, opened, flags: sameFixtures(command, store) })].join('\n'),
    )
  await tellIgnored(store, names, terminal)
}

/** What is answered, in the order in which a model says it. */
async function itemsOf(options: Options, context: Context): Promise<readonly Item[]> {
  const { text, reasoning, refusal, tool, incomplete, failure, retryAfter, pace } = options
  // A pipe most often ends in a line end that nobody means.
  const said = text === '-' ? (await context.terminal.read()).replace(/\r?\n$/, '') : text
  const items: readonly (Item | false)[] = [
    reasoning !== undefined && { type: 'reasoning', text: reasoning },
    said !== undefined && { type: 'text', text: said },
    refusal !== undefined && { type: 'refusal', text: refusal },
    ...tool.map(toolOf),
    failure !== undefined && { type: 'failure', status: failure, retryAfter },
  ]
  const given = items.filter((item) => item !== false)
  if (retryAfter !== undefined && failure === undefined) {
    throw new DeltatapeError('config_invalid', 'Say --failure 429, too: --retry-after is told with a refusal alone.')
  }
  if (given.length === 0) {
    throw new DeltatapeError(
      'config_invalid',
      `Say what is answered: --text 'Hello', --tool name='{"city":"Paris"}', --refusal, --reasoning, or --failure 429.`,
    )
  }
  return [
    ...given,
    ...(incomplete ? [{ type: 'incomplete' } as const] : []),
    ...(pace === undefined ? [] : [{ type: 'pace', ms: pace } as const]),
  ]
}

function toolOf(given: string): Item {
  const at = given.indexOf('=')
  const [name, args] = at === -1 ? [given, '{}'] : [given.slice(0, at), given.slice(at + 1)]
  return { type: 'tool', name: name.trim(), arguments: args.trim() || '{}' }
}

async function askingOf(options: Options, context: Context, opened: OpenFixtures): Promise<Asking> {
  const { input, request, like, header: headers, url, ...asking } = options
  if (like !== undefined && request !== undefined) {
    throw new DeltatapeError('config_invalid', 'Say --request or --like, not both: each is the request itself.')
  }
  if (like !== undefined) {
    const { requestText, call } = await alikeTo(like, input, opened)
    const counting = Object.entries(call.headers ?? {}).map(([name, value]) => `${name}: ${value}`)
    return { ...asking, url: url ?? addressOf(call), request: requestText, headers: [...counting, ...headers] }
  }
  if ((input === undefined) === (request === undefined)) {
    throw new DeltatapeError(
      'config_invalid',
      "Say which call is answered: --input 'Say hi' for the simplest one of an API, or --request request.json for the one that your app makes.",
    )
  }
  return {
    ...asking,
    input,
    url,
    headers,
    ...(request === undefined ? {} : { request: await textOf(request, context) }),
  }
}

/** The request of a fixture, with another text in place of what the user said there. */
async function alikeTo(word: string, input: string | undefined, { store }: OpenFixtures) {
  const fixture = await readFixture(await pick(store, word))
  const { requestText, call } = fixture
  if (input === undefined) return { requestText, call }
  const other = withInput(fixture, input)
  if (other !== undefined) return { call, requestText: other }
  throw new DeltatapeError(
    'config_invalid',
    `What the user says in ${printable(fixture.name)} does not stand there in one piece, so it cannot be replaced by --input. Give the request itself: --request request.json.`,
  )
}

/** A text that is given in a file, as it is, or through a pipe. */
async function textOf(request: string, context: Context): Promise<string> {
  if (request.trimStart().startsWith('{')) return request
  try {
    const text = request === '-' ? await context.terminal.read() : await readFile(request, 'utf8')
    return text.replace(/^\uFEFF/, '').trim()
  } catch (cause) {
    const code = systemCode(cause)
    if (code === undefined) throw cause
    throw new DeltatapeError(
      'not_found',
      `--request: ${JSON.stringify(request)} cannot be read: ${code}. Name a file that holds the request, give the JSON itself, or - for a pipe.`,
      { cause },
    )
  }
}

/** @throws DeltatapeError if there is a recording of the call, or something that cannot be read */
async function refuseRecorded({ store }: OpenFixtures, fixture: Fixture): Promise<void> {
  const before = await store.find(fixture).catch((error: unknown) => {
    if (!isDamage(error)) throw error
    throw new DeltatapeError('fixture_invalid', `${error.message} --force writes over it.`, { cause: error })
  })
  if (!before || isWritten(before)) return
  const { at, upstream } = before.recorded
  throw new DeltatapeError(
    'config_invalid',
    `${shownPath(store, before.name)} is a recording of this call (${printable(upstream)}, ${printable(at.slice(0, 10))}), and stays. --force writes over it.`,
  )
}

/** What a recording would not hold is not written either. */
async function withoutSecrets({ redactor }: OpenFixtures, call: Call, fixture: Fixture): Promise<Fixture> {
  const records = await redactor.for(call).records(fixture.records, call.api)
  if (bytesOf(records).equals(bytesOf(fixture.records))) return fixture
  const events = call.api.events(records)
  return {
    ...fixture,
    responseId: call.api.answerId(call, events),
    knownBy: givenBy(call.api, fixture.request, events),
    records,
  }
}

/** `POST /v1/responses, gpt-4.1-mini, streamed` */
function described({ api, method, path, query }: Call, { request, call, response }: Fixture): string {
  const model = api.modelOf({ method, path }, request)
  const streams = api.streamType({ method, path, query }, request) !== undefined
  const at = call.host === undefined ? '' : ` at ${call.host}`
  const said =
    response && response.status >= 400 ? `refused with ${response.status}` : streams ? 'streamed' : 'in one piece'
  return printable([`${method} ${path}${at}`, model, said].filter((word) => word !== '').join(', '))
}

/** How long a command may be that is shown, in characters. */
const MAX_COMMAND = 1500

interface Surroundings {
  readonly config: Config
  readonly opened: OpenFixtures
  /** The flags with which another command finds the same fixtures. */
  readonly flags: readonly string[]
}

/** The commands that show the fixture, and ask for it. */
function howToTry(call: Call, fixture: Fixture, { config, opened, flags }: Surroundings): string[] {
  const { path, query, headers, content, to } = call
  const before = to?.host === undefined ? '' : `/${to.host}`
  const told = headers.map(([name, value]) => ` -H ${wordFor(`${name}: ${value}`)}`).join('')
  const url = `http://127.0.0.1:${config.port}${before}${path}${query}`
  const ask = `curl -sN ${wordFor(url)}${told} -d ${wordFor(Buffer.from(content).toString('utf8'))}`
  const isShown = ask.length <= MAX_COMMAND && printable(ask) === ask && opened.redactor.text(ask) === ask
  return [
    'To look at it:',
    `  ${deltatape('show', fixture.key.slice(0, NAME_KEY_CHARS), ...flags)}`,
    ...(isShown
      ? ['To ask for it:', `  ${deltatape('serve', ...flags)}`, `  ${ask}`]
      : ['To ask for it, send the same request to:', `  ${deltatape('serve', ...flags)}`]),
  ]
}
