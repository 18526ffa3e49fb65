/** How a chat completion is written down that nobody recorded, and a completion of the time before chats. */
import { indented } from '../../base/json-format.ts'
import type { JsonObject } from '../../base/json.ts'
import { countOf } from '../choices.ts'
import { cut } from '../cut.ts'
import { EVENT_STREAM, sseEvent } from '../error.ts'
import { parseSseRecord } from '../framing/sse.ts'
import { type Draft, type Said, type Writer, type Writing, partsOf, textOf } from '../said.ts'
import { objectOf } from '../told.ts'

/** A piece of one choice, as a stream has it. */
interface Piece {
  readonly delta: JsonObject
  readonly reason?: string
}

/** All calls of this row are asked of a model. */
export const writer: Writer = { answers: () => true, draft }

function draft(said: Said, writing: Writing): Draft | undefined {
  const isChat = writing.path.endsWith('/chat/completions')
  // Tools and refusals came with chats.
  if (!isChat && said.parts.some(({ type }) => type !== 'text')) return undefined
  const { request, id } = writing
  const count = countOf(request.n)
  if (count === undefined) return undefined
  const places = Array.from({ length: count }, (_, index) => index)
  const headers = [['x-request-id', `req_${id('request').slice(0, 32)}`] as const]
  if (request.stream !== true) {
    const choices = places.map((index) => (isChat ? wholeChoice(said, writing, index) : textChoice(said, index)))
    const text = JSON.stringify({ ...headOf(writing, isChat ? 'chat.completion' : 'text_completion'), choices })
    const wire = `${indented(`${text.slice(0, -1)},"usage":${JSON.stringify(usageOf(writing))}}`, 2)}\n`
    return { headers: [['content-type', 'application/json'], ...headers], framing: 'json', records: [{ at: 0, wire }] }
  }
  const head = headOf(writing, isChat ? 'chat.completion.chunk' : 'text_completion')
  const isCounted = objectOf(request.stream_options).include_usage === true
  const chunk = (choices: JsonObject[], usage: JsonObject | null = null) =>
    sseEvent({ ...head, choices, ...(isCounted ? { usage } : {}) })
  const chunks = places.flatMap((index) =>
    isChat
      ? piecesOf(said, writing, index).map(({ delta, reason = null }) =>
          chunk([{ index, delta, logprobs: null, finish_reason: reason }]),
        )
      : textPieces(said, index).map((choice) => chunk([choice])),
  )
  const counted = isCounted ? [chunk([], usageOf(writing))] : []
  const records = [...chunks, ...counted, parseSseRecord('data: [DONE]\n\n', 0)]
  return { headers: [['content-type', EVENT_STREAM], ...headers], framing: 'sse', records }
}

const headOf = ({ id, seconds, model }: Writing, object: string): JsonObject => ({
  id: `${object === 'text_completion' ? 'cmpl' : 'chatcmpl'}-${id('answer').slice(0, 29)}`,
  object,
  created: seconds,
  model,
  service_tier: 'default',
  system_fingerprint: null,
})

function usageOf({ tokens: { input, output, reasoning } }: Writing): JsonObject {
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}

function reasonOf(said: Said): string {
  if (said.isCut) return 'length'
  return partsOf(said, 'tool').length > 0 ? 'tool_calls' : 'stop'
}

const callId = ({ id }: Writing, choice: number, place: number): string =>
  `call_${id(`call ${choice} ${place}`).slice(0, 24)}`

/** What one choice of a stream says. Its reasoning has the name that most who speak this API gave it; OpenAI tells none. */
function piecesOf(said: Said, writing: Writing, choice: number): Piece[] {
  const [thought, text, refusal] = [textOf(said, 'reasoning'), textOf(said, 'text'), textOf(said, 'refusal')]
  const calls = partsOf(said, 'tool')
  const isSilent = text === '' && (calls.length > 0 || refusal !== '')
  return [
    { delta: { role: 'assistant', content: isSilent ? null : '', refusal: null } },
    ...cut(thought).map((piece) => ({ delta: { reasoning_content: piece } })),
    ...cut(text).map((piece) => ({ delta: { content: piece } })),
    ...cut(refusal).map((piece) => ({ delta: { refusal: piece } })),
    ...calls.flatMap(({ name, arguments: args }, index) => [
      {
        delta: {
          tool_calls: [
            { index, id: callId(writing, choice, index), type: 'function', function: { name, arguments: '' } },
          ],
        },
      },
      ...cut(args).map((piece) => ({ delta: { tool_calls: [{ index, function: { arguments: piece } }] } })),
    ]),
    { delta: {}, reason: reasonOf(said) },
  ]
}

function wholeChoice(said: Said, writing: Writing, index: number): JsonObject {
  const [thought, text, refusal] = [textOf(said, 'reasoning'), textOf(said, 'text'), textOf(said, 'refusal')]
  const calls = partsOf(said, 'tool').map(({ name, arguments: args }, place) => ({
    id: callId(writing, index, place),
    type: 'function',
    function: { name, arguments: args },
  }))
  const isSilent = text === '' && (calls.length > 0 || refusal !== '')
  const message: JsonObject = {
    role: 'assistant',
    content: isSilent ? null : text,
    ...(thought === '' ? {} : { reasoning_content: thought }),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
    refusal: refusal === '' ? null : refusal,
    annotations: [],
  }
  return { index, message, logprobs: null, finish_reason: reasonOf(said) }
}

const textChoice = (said: Said, index: number): JsonObject => ({
  text: textOf(said, 'text'),
  index,
  logprobs: null,
  finish_reason: reasonOf(said),
})

const textPieces = (said: Said, index: number): JsonObject[] => [
  ...cut(textOf(said, 'text')).map((text) => ({ text, index, logprobs: null, finish_reason: null })),
  { text: '', index, logprobs: null, finish_reason: reasonOf(said) },
]
