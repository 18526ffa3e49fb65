import { expect, test } from 'vitest'
import { failureOf } from '../../../server/api/responses/events.ts'
import { readAnswer } from '../../../server/api/responses/answer.ts'
import { createTurn } from '../../../server/serve/ws/chat.ts'
import { compose, words } from '../../kit/answers.ts'
import { toEvents } from '../../kit/tools.ts'

function read(events: readonly Readonly<Record<string, unknown>>[]) {
  const reader = readAnswer()
  const pieces = toEvents(events).flatMap((event) => reader.read(event))
  return { pieces, text: reader.text, output: reader.output }
}

test.each([
  ['text', compose('a').text(words('Hello there, you')).completed(), 'Hello there, you'],
  ['two parts', compose('b').text(['One'], ['Two']).completed(), 'OneTwo'],
  ['a refusal', compose('c').refusal(['No', ' way']).completed(), 'No way'],
  ['reasoning, which is no text', compose('d').reasoning(['Hm']).text(['Yes']).completed(), 'Yes'],
  ['what came before a cut', compose('e').text(['Half', ' of', ' it']).cut().events, 'Half of it'],
])('reads %s', (_what, events, text) => {
  expect(read(events)).toMatchObject({ text })
})

test('its pieces are the deltas that a chat client gets, and its text is the message', () => {
  const events = compose('f').text(words('A few words')).refusal(['No']).completed()
  const frames = createTurn({ deltas: true, redact: (text) => text })
    .push(toEvents(events))
    .map((frame): { type: string; message: string } => JSON.parse(frame))
  const { pieces, text } = read(events)
  expect(frames.filter(({ type }) => type === 'delta').map(({ message }) => message)).toEqual(pieces)
  expect(frames.at(-1)?.message).toBe(text)
})

test('of a function call it knows the name and the arguments, of other items the type, finished or not', () => {
  const call = { type: 'function_call', name: 'look', arguments: '{"at":1}' }
  const events = compose('g').call('look', ['{"at"', ':1}']).text(['Done']).completed()
  expect(read(events).output).toEqual([call, { type: 'message' }])
  expect(read(events.slice(0, -1)).output).toEqual([call, { type: 'message' }])
})

test('a failure is told in the words of the API', () => {
  const failures = toEvents(compose('h').error('server_error', 'It broke.')).map(failureOf)
  expect(failures.filter((failure) => failure !== undefined)).toEqual([
    { code: 'upstream_error', message: 'The API sent an error: It broke (server_error).' },
    { code: 'upstream_failed', message: 'The API failed to answer: It broke (server_error).' },
  ])
  expect(toEvents([{ type: 'error' }, { type: 'response.failed' }]).map((event) => failureOf(event)?.message)).toEqual([
    'The API sent an error.',
    'The API failed to answer.',
  ])
})
