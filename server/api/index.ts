/** The APIs that are known. A new one is a file and a row here, and a service in `hosts.ts`: docs/built.md has the steps. */
import { any } from './any.ts'
import type { Api, Asked, Follower, Question } from './api.ts'
import { bedrockWith } from './bedrock/index.ts'
import { chatCompletions } from './chat-completions/index.ts'
import { cohere } from './cohere.ts'
import { gemini } from './gemini/index.ts'
import { interactions } from './interactions.ts'
import { mcp } from './mcp/index.ts'
import { messages } from './messages/index.ts'
import { ollama } from './ollama.ts'
import { openai } from './openai.ts'
import { responses } from './responses/index.ts'

/** Bedrock carries what the models' own APIs say. */
const bedrock = bedrockWith([messages, chatCompletions, cohere])

/** The first that owns a call counts; the last owns all. */
const APIS: readonly Api[] = [
  responses,
  chatCompletions,
  messages,
  gemini,
  interactions,
  ollama,
  cohere,
  bedrock,
  openai,
  mcp,
  any,
]

/** Words that a user meets in answers of the APIs that are known. */
export const vocabulary: readonly string[] = APIS.flatMap((api) => api.vocabulary)

const NOTHING = new Uint8Array()

/** The API whose call it is, as far as what is known of the call tells it. */
export function apiOf({
  method,
  path,
  query = '',
  headers = [],
  content = NOTHING,
}: Pick<Asked, 'method' | 'path'> & Partial<Asked>): Api {
  const call = { method, path, query, headers, content }
  // What a message says of itself counts more than what its path looks like.
  return mcp.owns(call) ? mcp : (APIS.find((api) => api.owns(call)) ?? any)
}

/** The API that a fixture names; one that is not known here is treated as any other. */
export const apiNamed = (name: string): Api => APIS.find((api) => api.name === name) ?? any

/** Statuses of answers that have no body (RFC 9110, 15.3.5 and 15.3.6). */
const BODILESS: ReadonlySet<number> = new Set([204, 205])

/** Follows an answer to its end; undefined if its row does not say whether it is whole: an error, a redirect, one without a body. */
export const followerOf = (api: Api, question: Question, status: number): Follower | undefined =>
  status >= 300 || BODILESS.has(status) || question.method === 'HEAD' ? undefined : api.follow(question)
