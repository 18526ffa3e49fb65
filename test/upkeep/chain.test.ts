import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../server/base/json.ts'
import { NOTHING_NEW, renewalBy, renewed, together } from '../../server/upkeep/chain.ts'

const chat = (message: JsonObject) => ({
  api: 'chat-completions',
  records: [{ at: 1, wire: JSON.stringify({ choices: [{ message, finish_reason: 'stop' }] }) }],
})
const calling = (id: string, args = '{"a":1}', content: string | null = null): JsonObject => ({
  content,
  tool_calls: [{ id, type: 'function', function: { name: 'f', arguments: args } }],
})

describe('renewalBy', () => {
  test('pairs ids, arguments and texts of the same calls', () => {
    const renewal = renewalBy(
      chat(calling('call_old', '{"a":1}', 'So.')),
      chat(calling('call_new', '{ "a": 1 }', 'Well.')),
    )
    expect(renewal).toEqual({
      ids: new Map([
        ['call_old', 'call_new'],
        ['{"a":1}', '{ "a": 1 }'],
      ]),
      texts: [['So.', 'Well.']],
    })
  })

  test.each<[string, JsonObject, string]>([
    ['other arguments', calling('call_new', '{"a":2}'), 'the model now calls f({"a":2}), where it called f({"a":1})'],
    ['no call', { content: 'No.' }, 'the model now calls no tool, where it called f({"a":1})'],
    [
      'a text beside the call',
      calling('call_new', '{"a":1}', 'Well.'),
      'the new answer has other parts than the old one',
    ],
  ])('says why where there is %s', (_what, now, why) => {
    expect(renewalBy(chat(calling('call_old')), chat(now))).toEqual({ why })
  })
})

describe('renewed', () => {
  const renewal = together(
    { ids: new Map([['call_old', 'call_new']]), texts: [['Old  words', 'New words']] },
    { ids: new Map([['call_2', 'call_3']]), texts: [] },
  )
  const into = (text: string) => renewed('chat-completions', text, renewal)

  test('puts in what is new, and leaves all else as it stands, to the byte', () => {
    const text = (id: string, second: string, words: string) =>
      `{ "seed": 9007199254740993, "messages": [ {"role":"assistant","content":"${words}","tool_calls":[{"id":"${id}","x":1.0}]},\n {"role":"tool","tool_call_id":"${id}","content":"call_old"}, {"role":"tool","tool_call_id":"${second}"}, {"role":"user","content":"Old words"} ], "id":"call_old" }`
    expect(into(text('call_old', 'call_2', 'Old words'))).toBe(text('call_new', 'call_3', 'New words'))
    const same = text('call_x', 'call_y', 'Other')
    expect(into(same)).toBe(same)
    expect(renewed('chat-completions', same, NOTHING_NEW)).toBe(same)
  })

  test('finds the one text among parts, and cannot tell where several are', () => {
    const said = (...texts: string[]) =>
      JSON.stringify({ messages: [{ role: 'assistant', content: texts.map((text) => ({ type: 'text', text })) }] })
    expect(into(said('Old words'))).toBe(said('New words'))
    expect(into(said('Old', 'words'))).toBeUndefined()
  })

  test('leaves messages without a text alone, though an answer said nothing but white space', () => {
    const blank = together(renewal, { ids: new Map(), texts: [['\n\n', '\n']] })
    const said = (content: string | null, id: string) =>
      JSON.stringify({ messages: [{ role: 'assistant', content, tool_calls: [{ id }] }] })
    const blanked = (text: string) => renewed('chat-completions', text, blank)
    for (const content of [null, '']) expect(blanked(said(content, 'call_old'))).toBe(said(content, 'call_new'))
    expect(blanked(said('\n\n', 'call_old'))).toBe(said('\n', 'call_new'))
  })
})
