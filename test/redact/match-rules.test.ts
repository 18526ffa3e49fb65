import { expect, test } from 'vitest'
import { DeltatapeError } from '../../server/base/errors.ts'
import { parseRules } from '../../server/redact/rules.ts'

const problemsOf = (value: unknown): string[] => {
  try {
    parseRules(JSON.stringify(value), 'rules.json')
  } catch (error) {
    if (error instanceof DeltatapeError && error.code === 'config_invalid') return error.message.split('\n')
    throw error
  }
  return []
}

test('reads patterns, words and paths; redaction may be left out', () => {
  const match = {
    replace: ['cwd', 'date', { pattern: '\\d+', with: '' }, { pattern: 'x', with: '$1', flags: 'i' }],
    ignore: ['$.a[*].b'],
    unordered: ['$.tools'],
  }
  expect(parseRules(JSON.stringify({ match }), 'rules.json')).toEqual({
    patterns: [],
    paths: [],
    match: {
      replace: [
        { expression: /\d+/g, placeholder: '' },
        { expression: /x/gi, placeholder: '$1' },
      ],
      words: new Set(['cwd', 'date']),
      ignore: [{ segments: expect.any(Array) }],
      unordered: [{ segments: expect.any(Array) }],
      mark: expect.stringMatching(/^[0-9a-f]{12}$/),
    },
  })
  expect(parseRules('{"redact":[]}', 'rules.json').match).toBeUndefined()
})

test('tells every problem at once, with its place, beside those of redaction', () => {
  expect(
    problemsOf({
      redact: [{ pattern: '(', placeholder: 'x' }],
      match: {
        replace: [
          'today',
          { pattern: '[', with: 1 },
          { pattern: 'x*', with: '' },
          { pattern: 'a', with: '', by: 1, flags: 'y' },
          7,
        ],
        ignore: ['a', '$..*', '$'],
        unordered: '$.tools',
        ignored: [],
      },
      matches: {},
    }),
  ).toEqual([
    expect.stringMatching(/^rules\.json: redact\[0\]\.pattern is no regular expression: /),
    'rules.json: match.ignored is no member that is known here.',
    expect.stringMatching(/^rules\.json: match\.replace\[0\] must be .* words cwd, home, tmp, date \(got "today"\)\.$/),
    'rules.json: match.replace[1].with must be a text.',
    expect.stringMatching(/^rules\.json: match\.replace\[1\]\.pattern is no regular expression: /),
    'rules.json: match.replace[2].pattern matches the empty text, so that everything would be replaced.',
    'rules.json: match.replace[3].flags may hold i, m, s and u.',
    'rules.json: match.replace[3].by is no member that is known here.',
    expect.stringMatching(/^rules\.json: match\.replace\[4\] must be .*\(got 7\)\.$/),
    ...['"a"', '"$..*"', '"$"'].map(
      (got, index) =>
        expect.stringContaining(`match.ignore[${index}] must be a path such as`) &&
        expect.stringContaining(`(got ${got})`),
    ),
    'rules.json: match.unordered must be a list of paths.',
    'rules.json: matches is no member that is known here.',
  ])
  expect(problemsOf({ match: [] })).toEqual(['rules.json: match is missing, or of another kind.'])
})
