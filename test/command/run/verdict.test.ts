/** What is told of a run in its end. */
import { expect, test } from 'vitest'
import { type Course, verdictOf } from '../../../server/command/run/verdict.ts'

const course = (more: Partial<Course>): Course => ({
  mode: 'replay',
  code: 0,
  misses: { severity: 'fail', untold: { reasons: [], more: 0 } },
  isIdle: false,
  strays: [],
  hosts: [],
  ...more,
})

const stray = (to: string, times = 1) => ({ to, host: to.replace(/:\d+$/, ''), times })

test('of a run in which all was replayed nothing is told, and its code is that of the command', () => {
  expect(verdictOf(course({ code: 3 }))).toEqual({ code: 3, told: [] })
})

test('where something was to be recorded, it is told that nothing came', () => {
  const told = (mode: Course['mode']) => verdictOf(course({ mode, isIdle: true }))
  expect(told('record')).toEqual({
    code: 0,
    told: [expect.stringMatching(/^No call came to deltatape, .*OPENAI_BASE_URL/)],
  })
  expect(told('auto')).toEqual(told('record'))
  expect([told('replay').told, told('live').told]).toEqual([[], []])
})

test('a command that failed keeps its code, and what was missed is told all the same', () => {
  const untold = { reasons: [{ why: 'No fixture.', times: 2 }], more: 1 }
  const { code, told } = verdictOf(course({ code: 3, misses: { severity: 'fail', untold } }))
  expect([code, told]).toEqual([3, ['3 calls were not replayed:\n  No fixture. (2 times)']])
})

test('of many reasons, hosts and fixtures some are told, and how many more there are', () => {
  const many = Array.from({ length: 30 }, (_, index) => index)
  const { code, told } = verdictOf(
    course({
      misses: {
        severity: 'tell',
        untold: { reasons: many.map((each) => ({ why: `No ${each}.`, times: 1 })), more: 7 },
      },
      strays: [...many.map((each) => stray(`h${each}.example:443`)), ...many.map((each) => stray(`api.x.ai:${each}`))],
      unused: { severity: 'fail', lines: many.map((each) => `${each}.jsonl`) },
    }),
  )
  expect(code).toBe(1)
  expect(told[0]?.split('\n')).toHaveLength(22)
  expect(told[0]).toMatch(/^37 calls [\s\S]* {2}… and 10 more\.$/)
  expect(told.filter((line) => line.startsWith('The command tried'))).toHaveLength(20)
  expect(told.find((line) => line.includes('h0.example'))).toContain(' and 10 more. ')
  expect(told.at(-3)).toMatch(/^30 fixtures were not asked for:\n {2}0\.jsonl\n[\s\S]*… and 10 more\.$/)
  expect(told.at(-1)).toContain('(--unused tell lets it pass)')
})

test.each([
  ['api.openai.com:443', true],
  ['eu-aiplatform.googleapis.com:443', true],
  ['my-resource.openai.azure.com:443', true],
  ['chatgpt.com:443', true],
  ['gateway.corp.example:8443', true],
  ['notopenai.azure.example:443', false],
  ['registry.example:443', false],
])('that %s was tried fails a replay: %s', (to, fails) => {
  const hosts = ['gateway.corp.example']
  expect(verdictOf(course({ strays: [stray(to)], hosts })).code).toBe(fails ? 1 : 0)
  const { code, told } = verdictOf(course({ mode: 'record', strays: [stray(to, 2)], hosts }))
  expect([code, told]).toEqual([0, [expect.stringContaining(`${to} (2 times)`)]])
  expect(told[0]).toContain('recorded')
})
