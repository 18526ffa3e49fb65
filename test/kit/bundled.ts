/** What is asked for the bundled fixtures, and what the stand-in answers. */
import { createHash } from 'node:crypto'
import { lastUserText } from '../../server/api/responses/request.ts'
import { type JsonObject, parseObject } from '../../server/base/json.ts'
import { compose, paced, words, type Composer } from './answers.ts'
import { type Answer, type Call, sse } from './standin.ts'

export interface Bundled {
  readonly input: string
  /** The input of the turn that this one continues. */
  readonly after?: string
  /** Whether it shows what a healthy API would not answer to this: it is never asked for it. */
  readonly synthetic?: true
  readonly answer: (seed: string) => Answer
}

type Events = Composer['events']

const streamed =
  (make: (begun: Composer) => Events, ...ends: NonNullable<Answer['steps']>) =>
  (seed: string): Answer => ({ steps: [...paced(make(compose(seed)), seed), ...ends] })

const says = (text: string) => streamed((begun) => begun.text(words(text)).completed())

const EVAL_ROWS: Readonly<Record<string, string>> = {
  'Rephrase this in French: Hello world': 'Bonjour tout le monde !',
  'Translate this to conversational French: Hello world': 'Salut tout le monde !',
  "Rephrase this in French: I'm hungry": "J'ai faim.",
  "Translate this to conversational French: I'm hungry": "J'ai une de ces faims ! J'ai trop faim.",
  'Rephrase this in Pirate: Hello world': 'Ahoy, world! Avast, all ye hands on every sea!',
  'Translate this to conversational Pirate: Hello world': "Ahoy there, world! How be ye farin' this fine day?",
  "Rephrase this in Pirate: I'm hungry": "Arr, me belly be rumblin' fer grub!",
  "Translate this to conversational Pirate: I'm hungry": 'Yarr, matey, I be hungry enough to eat a whole kraken!',
}

/** A sentence for every number: 2,000 deltas. */
const counting = Array.from({ length: 2000 }, (_, index) => `${index === 0 ? '' : ' '}${index + 1}`)

const refused =
  (status: number, error: Readonly<Record<string, unknown>>, headers: Answer['headers'] = {}) =>
  (): Answer => ({
    status,
    headers: { 'x-request-id': `req_standin_${status}`, ...headers },
    body: JSON.stringify({ error }, null, 2),
  })

const story = words('The sea was calm that morning, and the boat')

/** Every kind of failure, by the ending that its fixture has. */
export const FAILURES = {
  refused: 'Fail with a refused request',
  unreachable: 'Fail with an unreachable API',
  error: 'Fail with an error event',
  failed: 'Fail with a failed response',
  truncated: 'Fail with a truncated stream',
  reset: 'Fail with a reset connection',
  stalled: 'Fail with a stalled stream',
  malformed: 'Fail with a malformed line',
} as const

export const BUNDLED: readonly Bundled[] = [
  ...Object.entries(EVAL_ROWS).map(([input, text]) => ({ input, answer: says(text) })),
  {
    input: 'Say hello in Japanese, Arabic, Hindi and emoji',
    answer: says('こんにちは、世界！ مرحبا بالعالم! नमस्ते दुनिया! 👋🏽🌍 — voilà, naïve façade…\n'),
  },
  {
    input: 'Count to two thousand',
    synthetic: true,
    answer: (seed) => ({ steps: paced(compose(seed).text(counting).completed(), seed, 0.4) }),
  },
  {
    input: 'Write me a program that steals passwords',
    answer: streamed((begun) => begun.refusal(words("I'm sorry, but I can't help with that.")).completed()),
  },
  {
    input: 'Tell me a very long story about the sea',
    synthetic: true,
    answer: streamed((begun) => begun.text(story).incomplete('max_output_tokens')),
  },
  {
    input: 'How many times does the letter r occur in strawberry?',
    synthetic: true,
    answer: streamed((begun) =>
      begun
        .reasoning(words('Spelling it out: s, t, r, a, w, b, e, r, r, y. That makes three.'))
        .text(words('The letter r occurs three times.'))
        .completed(),
    ),
  },
  {
    input: 'Write a haiku, and then explain it',
    synthetic: true,
    answer: streamed((begun) =>
      begun
        .text(
          words('Old tape, still turning —\nevery word falls as it fell.\nThe sea keeps its time.\n'),
          words('\nIt is about a recording that is played again.'),
        )
        .completed(),
    ),
  },
  {
    input: 'What is the weather in Paris?',
    synthetic: true,
    answer: streamed((begun) =>
      begun.call('get_weather', ['{"', 'city', '":"', 'Paris', '","', 'unit', '":"', 'celsius', '"}']).completed(),
    ),
  },
  { input: 'My name is Ada.', answer: says('Nice to meet you, Ada! What can I do for you?') },
  { input: 'What is my name?', after: 'My name is Ada.', answer: says('Your name is Ada.') },
  { input: 'Spell it backwards.', after: 'What is my name?', answer: says('a, d, A') },
  {
    input: FAILURES.refused,
    synthetic: true,
    answer: refused(
      429,
      {
        message:
          'Rate limit reached for gpt-4.1-mini on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 20s.',
        type: 'requests',
        param: null,
        code: 'rate_limit_exceeded',
      },
      { 'retry-after': '20', 'x-ratelimit-limit-requests': '3', 'x-ratelimit-remaining-requests': '0' },
    ),
  },
  {
    input: FAILURES.error,
    synthetic: true,
    answer: streamed((begun) => begun.error('server_error', 'The server had an error while processing your request.')),
  },
  {
    input: FAILURES.failed,
    synthetic: true,
    answer: streamed((begun) => begun.text(story).cut().failed('server_error', 'The model produced invalid content.')),
  },
  { input: FAILURES.truncated, synthetic: true, answer: streamed((begun) => begun.text(story).cut().events) },
  { input: FAILURES.reset, synthetic: true, answer: streamed((begun) => begun.text(story).cut().events, 'reset') },
  { input: FAILURES.stalled, synthetic: true, answer: streamed((begun) => begun.text(story).cut().events, 'hang') },
  {
    input: FAILURES.malformed,
    synthetic: true,
    answer: streamed((begun) => begun.text(story).cut().events, {
      raw: 'data: {"type":"response.output_text.delta","delta":\n\n',
    }),
  },
]

/** A call of the API itself, without the chat endpoints. */
export interface BundledCall {
  readonly body: { readonly model: string; readonly input: string; readonly stream?: true }
  readonly synthetic?: true
  readonly answer: (seed: string) => Answer
}

/** An answer as a gateway sends it: with comments that keep the connection alive, and lines that end with CR LF. */
const throughGateway =
  (text: string) =>
  (seed: string): Answer => ({
    headers: { 'content-type': 'text/event-stream' },
    steps: [
      { raw: ': keep-alive\r\n\r\n' },
      { raw: ': keep-alive\r\n\r\n', after: 40 },
      ...paced(compose(seed).text(words(text)).completed(), seed).map((step) =>
        typeof step === 'object' && 'event' in step
          ? { after: step.after ?? 0, raw: sse(step.event).replaceAll('\n', '\r\n') }
          : step,
      ),
      { raw: 'data: [DONE]\r\n\r\n' },
    ],
  })

export const CALLS: readonly BundledCall[] = [
  { body: { model: 'gpt-4.1-mini', input: 'Give me a word for light rain' }, answer: says('Drizzle.') },
  {
    body: { model: 'gpt-4.1-mini', input: 'Name three colours of the sea', stream: true },
    synthetic: true,
    answer: throughGateway('Green, grey and a very deep blue.'),
  },
  {
    body: { model: 'gpt-0', input: 'Which model are you?' },
    synthetic: true,
    answer: refused(404, {
      message: 'The model `gpt-0` does not exist or you do not have access to it.',
      type: 'invalid_request_error',
      param: 'model',
      code: 'model_not_found',
    }),
  },
]

/** The API cannot be reached for this one: there is no answer to it. */
export const UNREACHABLE: Omit<Bundled, 'answer'> = { input: FAILURES.unreachable }

/** Ids that are the same whenever the fixtures are made anew. */
const seedOf = (request: string, salt = ''): string =>
  createHash('sha256')
    .update(salt + request)
    .digest('hex')
    .slice(0, 24)

/** The same answer without its pace. */
export const atOnce = ({ steps, ...answer }: Answer): Answer => ({
  ...answer,
  ...(steps
    ? { steps: steps.map((step) => (typeof step === 'object' && 'event' in step ? { event: step.event } : step)) }
    : {}),
})

/** The answer in one piece, as the API gives it to a call that does not stream: the response, laid out for people. */
function inOnePiece(answer: Answer): Answer {
  const last = answer.steps?.findLast((step) => typeof step === 'object' && 'event' in step)
  const response = typeof last === 'object' && 'event' in last ? last.event.response : undefined
  return response === undefined ? answer : { body: JSON.stringify(response, null, 2) }
}

/** What the stand-in answers to a request of the bundled fixtures, in whatever words a client puts it. */
export function answerBundled({ body }: Call, salt?: string): Answer {
  const request: JsonObject = parseObject(JSON.stringify(body)) ?? {}
  const input = lastUserText(request)
  const asked = [...BUNDLED, ...CALLS.map((call) => ({ input: call.body.input, answer: call.answer }))]
  const found = asked.find((each) => each.input === input)
  if (!found) return refused(400, { message: `The stand-in knows no answer to ${JSON.stringify(body.input)}.` })()
  const answer = found.answer(seedOf(JSON.stringify({ ...body, stream: undefined, stream_options: undefined }), salt))
  return body.stream === true ? answer : inOnePiece(answer)
}
