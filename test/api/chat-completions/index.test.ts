import { expect, test } from 'vitest'
import { chatCompletions } from '../../../server/api/chat-completions/index.ts'
import { toEvents } from '../../kit/calls.ts'

const told = (...bodies: Parameters<typeof toEvents>[0]) => {
  const { pieces, output } = chatCompletions.told(toEvents(bodies))
  return { text: pieces.map(({ text }) => text).join(''), output }
}

test('an answer in one piece has its text in its message, though there is an empty delta beside it', () => {
  const choice = { index: 0, message: { content: 'Four.' }, delta: { content: '' }, finish_reason: 'stop' }
  expect(told({ object: 'chat.completion', choices: [choice] }).text).toBe('Four.')
})

test('of a stream that repeats what there is so far the pieces count', () => {
  const chunk = (piece: string, all: string) => ({
    choices: [{ index: 0, delta: { content: piece }, message: { content: all } }],
  })
  expect(told(chunk('Fo', 'Fo'), chunk('ur.', 'Four.'), chunk('', 'Four.')).text).toBe('Four.')
})

test('a function call of old is a tool call, in one piece or in several', () => {
  const call = { type: 'function_call', name: 'look', arguments: '{"at":1}' }
  const whole = { choices: [{ message: { content: null, function_call: { name: 'look', arguments: '{"at":1}' } } }] }
  expect(told(whole)).toEqual({ text: '', output: [call] })
  const part = (members: Readonly<Record<string, string>>) => ({ choices: [{ delta: { function_call: members } }] })
  expect(told(part({ name: 'look', arguments: '' }), part({ arguments: '{"at"' }), part({ arguments: ':1}' }))).toEqual(
    {
      text: '',
      output: [call],
    },
  )
})
