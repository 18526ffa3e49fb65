/** How an answer of Gemini's is written down that nobody recorded: an event stream, a streamed array, or JSON. */
import { indented } from '../../base/json-format.ts'
import type { JsonObject } from '../../base/json.ts'
import { countOf } from '../choices.ts'
import { cut } from '../cut.ts'
import { parseEvent } from '../event.ts'
import { parseSseRecord } from '../framing/sse.ts'
import type { AnswerRecord } from '../record.ts'
import { type Draft, type Part, type Said, type Writer, type Writing, argumentsOf, partsOf, toJson } from '../said.ts'
import { candidatesAsked } from './request.ts'

const ANSWERED = /:(?:generateContent|(streamGenerateContent))$/

export const writer: Writer = { answers: ({ path }) => ANSWERED.test(path), draft }

function draft(said: Said, writing: Writing): Draft | undefined {
  const { path, query } = writing
  const [, streams] = ANSWERED.exec(path) ?? []
  const count = countOf(candidatesAsked(writing.request))
  if (count === undefined) return undefined
  const chunk = (parts: JsonObject[], isLast: boolean): string =>
    toJson(chunkOf(parts, isLast, { said, writing, count }))
  const json = [['content-type', 'application/json; charset=UTF-8']] as const
  if (streams === undefined) {
    const wire = `${indented(chunk(said.parts.map(partOf), true), 2)}\n`
    return { headers: json, framing: 'json', records: [{ at: 0, wire }] }
  }
  const pieces = said.parts.flatMap(piecesOf)
  const parts = pieces.length > 0 ? pieces : [{ text: '' }]
  const chunks = parts.map((part, index) => chunk([part], index === parts.length - 1))
  if (new URLSearchParams(query).get('alt') !== 'sse')
    return { headers: json, framing: 'array', records: arrayOf(chunks) }
  const records = chunks.map((text) => parseSseRecord(`data: ${text}\r\n\r\n`, 0))
  return { headers: [['content-type', 'text/event-stream']], framing: 'sse', records }
}

/** The elements of one array, laid out as the API does it. */
const arrayOf = (chunks: readonly string[]): AnswerRecord[] => [
  ...chunks.map((text, index) => ({
    at: 0,
    wire: `${index === 0 ? '[' : ',\r\n'}${indented(text, 2)}`,
    event: parseEvent(text, 0),
  })),
  { at: 0, wire: '\n]' },
]

interface Chunk {
  readonly said: Said
  readonly writing: Writing
  readonly count: number
}

function chunkOf(parts: JsonObject[], isLast: boolean, { said, writing, count }: Chunk): JsonObject {
  const { input, output, reasoning } = writing.tokens
  const reason = isLast ? { finishReason: reasonOf(said) } : {}
  return {
    candidates: Array.from({ length: count }, (_, index) => ({
      content: { parts, role: 'model' },
      ...reason,
      index,
    })),
    usageMetadata: {
      promptTokenCount: input,
      candidatesTokenCount: output - reasoning,
      ...(reasoning > 0 ? { thoughtsTokenCount: reasoning } : {}),
      totalTokenCount: input + output,
    },
    modelVersion: writing.model,
    responseId: writing.id('answer').slice(0, 22),
  }
}

/** That the model does not want to is told by the reason for which it stops; its words are a text like any other. */
function reasonOf(said: Said): string {
  if (said.isCut) return 'MAX_TOKENS'
  return partsOf(said, 'refusal').length > 0 ? 'SAFETY' : 'STOP'
}

function partOf(part: Part): JsonObject {
  if (part.type === 'tool') return { functionCall: { name: part.name, args: argumentsOf(part.arguments) } }
  return part.type === 'reasoning' ? { text: part.text, thought: true } : { text: part.text }
}

/** A call of a function comes whole. */
const piecesOf = (part: Part): JsonObject[] =>
  part.type === 'tool' ? [partOf(part)] : cut(part.text).map((text) => partOf({ ...part, text }))
