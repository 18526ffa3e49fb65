/** Amazon Bedrock: Converse, and Invoke with what the models' own APIs say. */
import { any } from '../any.ts'
import type { Api, Trouble } from '../api.ts'
import { eventsOrBody } from '../body.ts'
import { errorRecords } from '../error-records.ts'
import { followBy } from '../follow.ts'
import { repeatsBy } from '../repeats.ts'
import { lastOfUser, leavingOut, textIn } from '../request.ts'
import { createWords } from '../words.ts'
import type { Carried } from './invoke.ts'
import { meaningWith } from './meaning.ts'

const PATH = /(?:^|\/)model\/([^/]+)\/(?:converse|converse-stream|invoke|invoke-with-response-stream|count-tokens)$/

const GUARDRAIL = /(?:^|\/)guardrail\/[^/]+\/version\/[^/]+\/apply$/

/** The classes of errors, by status. The AWS SDK makes its own of the one that a header names. */
const CLASSES: Readonly<Record<number, string>> = {
  401: 'AccessDeniedException',
  403: 'AccessDeniedException',
  404: 'ResourceNotFoundException',
  408: 'ModelTimeoutException',
  409: 'ConflictException',
  424: 'ModelErrorException',
  429: 'ThrottlingException',
  500: 'InternalServerException',
}

const classOf = ({ status }: Trouble): string =>
  CLASSES[status] ?? (status < 500 ? 'ValidationException' : 'ServiceUnavailableException')

/** The exceptions that a stream may end in. */
const IN_STREAMS: Readonly<Record<number, string>> = {
  408: 'modelStreamErrorException',
  424: 'modelStreamErrorException',
  429: 'throttlingException',
  500: 'internalServerException',
}

const exceptionOf = ({ status }: Trouble): string =>
  IN_STREAMS[status] ?? (status < 500 ? 'validationException' : 'serviceUnavailableException')

const modelIn = (path: string): string => {
  const model = PATH.exec(path)?.[1] ?? ''
  try {
    return decodeURIComponent(model)
  } catch {
    return model
  }
}

/**
 * Makes the row.
 *
 * @param carried the APIs whose answers Invoke may carry
 */
export function bedrockWith(carried: readonly Carried[]): Api {
  const { failureOf, look, told } = meaningWith(carried)
  return {
    ...any,
    name: 'bedrock',
    owns: ({ path }) => PATH.test(path) || GUARDRAIL.test(path),
    keyed: leavingOut('requestMetadata', 'performanceConfig', 'serviceTier', 'metadata'),
    counts: {
      headers: [
        'accept',
        'x-amzn-bedrock-accept',
        'x-amzn-bedrock-guardrailidentifier',
        'x-amzn-bedrock-guardrailversion',
        'x-amzn-bedrock-trace',
      ],
    },
    lastUserText: ({ messages, prompt, inputText, message }) =>
      lastOfUser(messages, 'content') || textIn(prompt ?? inputText ?? message),
    repeats: repeatsBy((body) => [body], { names: ['toolUseId', 'tool_use_id'] }),
    modelOf: ({ path }) => modelIn(path),
    follow: followBy({ look, isAnswer: (value) => typeof value === 'object' && value !== null }),
    events: eventsOrBody,
    isFinished: (_call, events) => !events.some(failureOf),
    // Nova counts each piece of a text as a block of its own.
    partOf: ({ type }) => type,
    isWord: createWords({
      names: new Set(['stopReason', 'stop_reason', 'signature', 'bytes', 'p']),
      texts: new Set(['input', 'json']),
    }),
    vocabulary: [...any.vocabulary, 'contentBlockDelta', 'messageStop', 'end_turn', 'tool_use', 'anthropic.claude'],
    failureOf,
    told,
    volatile: new Set(['p', 'latencyMs', 'toolUseId', 'signature', 'invocationLatency', 'firstByteLatency']),
    streamType: ({ path }) => (path.endsWith('-stream') ? 'application/vnd.amazon.eventstream' : undefined),
    refused: (trouble) => ({
      headers: [['x-amzn-errortype', classOf(trouble)]],
      body: { message: trouble.message },
    }),
    failing: (trouble, { sent }) =>
      errorRecords([{ message: trouble.message }], { framing: 'eventstream', sent }, exceptionOf(trouble)),
  }
}
