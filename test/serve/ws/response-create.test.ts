import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { asPosted, withMember, withoutMember } from '../../../server/serve/ws/response-create.ts'

describe('a response.create as the body of a POST', () => {
  test.each([
    ['{"type":"response.create"}', '{"stream":true}'],
    ['{"type":"response.create","model":"m"}', '{"model":"m","stream":true}'],
    ['{"model":"m","type":"response.create","stream_id":"a","input":"Hi"}', '{"model":"m","input":"Hi","stream":true}'],
    ['{"stream":false,"model":"m","type":"response.create"}', '{"model":"m","stream":true}'],
    [' {\n "type" : "response.create" ,\n "a" : [ 1, {"type":"t"} ]\n}\n', '{"a" : [ 1, {"type":"t"} ],"stream":true}'],
    [String.raw`{"ty\u0070e":"response.create","\u0061":"\"},{\\"}`, String.raw`{"\u0061":"\"},{\\","stream":true}`],
    ['{"type":"a","x":1,"type":"response.create","x":2}', '{"x":1,"x":2,"stream":true}'],
  ])('%s', (message, body) => {
    expect(asPosted(message)).toBe(body)
  })

  test('keeps numbers that JavaScript cannot hold', () => {
    expect(asPosted('{"type":"response.create","seed":9007199254740993,"t":1.0}')).toBe(
      '{"seed":9007199254740993,"t":1.0,"stream":true}',
    )
  })

  test('says the same as the object that it was', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(undefined, 2, '\t'), (members, space) => {
        // -0 is written as 0.
        const { type: _type, stream_id: _lane, stream: _stream, ...rest } = JSON.parse(JSON.stringify(members))
        const message = JSON.stringify({ ...members, type: 'response.create' }, undefined, space)
        expect(JSON.parse(asPosted(message))).toEqual({ ...rest, stream: true })
      }),
    )
  })
})

test('a member is put in front, and taken out again', () => {
  expect(withMember('{"a":1}', 'b', 'x')).toBe('{"b":"x","a":1}')
  expect(withMember(' { } ', 'b', '"')).toBe(String.raw`{"b":"\"" } `)
  expect(withoutMember('{"b":"x","a":1}', 'b')).toBe('{"a":1}')
  expect(withoutMember('{"b":"x"}', 'b')).toBe('{}')
  expect(withoutMember('{"a":{"b":1}}', 'b')).toBe('{"a":{"b":1}}')
})
