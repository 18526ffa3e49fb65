/** The matchers for frames of a chat: the rules that hold for every turn. */
import { expect, test } from 'vitest'
import { matchers } from '../../../server/package/vitest/matchers.ts'

expect.extend(matchers)

const delta = (message: string, id?: string) => ({ type: 'delta', message, ...(id && { id }) })
const message = (text: string, id?: string) => ({ type: 'message', message: text, ...(id && { id }) })
const error = (text: string) => ({ type: 'error', message: text, code: 'cancelled' })

test.each([
  ['deltas and their message', [delta('Hi'), delta(' you'), message('Hi you')]],
  ['an error after deltas', [delta('Hi'), error('Cancelled')]],
  ['a message alone, as /ws sends it', [message('Hi you')]],
  ['texts as they came', [JSON.stringify(delta('Hi')), JSON.stringify(message('Hi'))]],
])('one turn: %s', (_name, frames) => {
  expect(frames).toBeOneTurn()
})

test.each([
  ['nothing', [], 'it has 0 terminal frames, not one'],
  ['no end', [delta('Hi')], 'it has 0 terminal frames, not one'],
  ['two ends', [message('Hi'), error('Oh')], 'it has 2 terminal frames, not one'],
  ['a frame after the end', [delta('Hi'), message('Hi'), delta('you')], 'a frame comes after its terminal one'],
  ['another text', [delta('Hi'), message('Hello')], 'its deltas add up to "Hi", and its message is "Hello"'],
  ['two ids', [delta('Hi', 'a'), message('Hi', 'b')], 'frames of a and b are mixed'],
  ['an id that is missing', [delta('Hi', 'a'), message('Hi')], 'frames of a and no id are mixed'],
  [
    'another type',
    [{ type: 'status', message: '' }, message('Hi')],
    '{"type":"status","message":""}, at 1, is no frame',
  ],
  ['no JSON', ['oh', message('Hi')], '"oh", at 1, is no frame'],
  ['no list', 'oh', 'it is no list of frames'],
])('no turn: %s', (_name, frames, why) => {
  expect(frames).not.toBeOneTurn()
  expect(() => expect(frames).toBeOneTurn()).toThrow(`These frames are not one turn: ${why}`)
})

test('how a turn has to end may be said', () => {
  expect([error('Oh')]).toBeOneTurn('error')
  expect(() => expect([error('Oh')]).toBeOneTurn('message')).toThrow('it ends with error, not with message')
  expect(() => expect([message('Hi')]).not.toBeOneTurn('message')).toThrow('These frames are one turn.')
})

test('several turns are one after another, and none is mixed with another', () => {
  const frames = [delta('a', '1'), message('a', '1'), error('Oh'), message('b', '2')]
  expect(frames).toBeTurns(3)
  expect([]).toBeTurns(0)
  expect(() => expect(frames).toBeTurns(2)).toThrow('These frames are not 2 turns: there are 3.')
  const mixed = [delta('a', '1'), delta('b', '2'), message('a', '1'), message('b', '2')]
  expect(() => expect(mixed).toBeTurns(2)).toThrow('of turn 1, its deltas add up to "ab", and its message is "a"')
})

test('a replay is the same frames, byte for byte', () => {
  const frames = [delta('a'), message('a')]
  expect(frames).toReplay([delta('a'), message('a')])
  expect(frames).toReplay(frames.map((frame) => JSON.stringify(frame)))
  expect(frames).not.toReplay([delta('a'), message('b')])
  expect(frames).not.toReplay([{ message: 'a', type: 'delta' }, message('a')])
  expect(() => expect(frames).toReplay([])).toThrow('These frames are not those frames.')
})
