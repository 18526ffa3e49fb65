/** The kinds of variables, and how a table of them is read. */
import { describe, expect, test } from 'vitest'
import { MAX_TIMER_MS } from '../../server/base/clock.ts'
import {
  address,
  duration,
  flag,
  narrowed,
  overlaid,
  path,
  readVariables,
  secret,
  text,
  whole,
} from '../../server/base/variables.ts'

const table = {
  port: whole('PORT', 'where to listen', 1, 0, 9),
  wait: duration('WAIT_MS', 'how long to wait', 5),
  quick: flag('QUICK', 'do it at once'),
  file: path('FILE', 'what to read'),
  folder: { ...text('FOLDER', 'where to look', 'here'), formerly: 'FOLDER_DIR' },
  key: secret('KEY', 'the key'),
  base: address('BASE', 'where it is', 'https://x.example'),
}

const problemsOf = (env: Record<string, string>) => readVariables(table, env).problems

test('what is absent or blank has its fallback', () => {
  const fallbacks = {
    port: 1,
    wait: 5,
    quick: false,
    file: undefined,
    folder: 'here',
    key: undefined,
    base: 'https://x.example',
  }
  expect(readVariables(table, {})).toEqual({ values: fallbacks, problems: [] })
  expect(readVariables(table, { PORT: '', FOLDER: ' ', FOLDER_DIR: '', KEY: '\t' })).toEqual({
    values: fallbacks,
    problems: [],
  })
})

test('a value is read by its kind', () => {
  const env = { PORT: '0', WAIT_MS: `${MAX_TIMER_MS}`, QUICK: '1', FILE: ' x y ', BASE: 'http://y.example/v1//' }
  expect(readVariables(table, env).values).toMatchObject({
    port: 0,
    wait: MAX_TIMER_MS,
    quick: true,
    file: 'x y',
    base: 'http://y.example/v1',
  })
})

test('every problem has a line, and the others are read', () => {
  expect(readVariables(table, { PORT: '10', WAIT_MS: `${MAX_TIMER_MS + 1}`, QUICK: 'yes', FILE: 'x' })).toMatchObject({
    values: { port: 1, wait: 5, quick: false, file: 'x' },
    problems: [
      'PORT must be a whole number from 0 to 9 (got "10").',
      `WAIT_MS must be a whole number from 1 to ${MAX_TIMER_MS} (got "${MAX_TIMER_MS + 1}").`,
      'QUICK must be 1 (yes) or 0 (no) (got "yes").',
    ],
  })
})

test.each(['-1', '1.5', '0x1', '1e3', 'one', '99999999999999999999'])('%s is no whole number', (word) => {
  expect(problemsOf({ WAIT_MS: word })).toHaveLength(1)
})

test('no message repeats a secret', () => {
  expect(problemsOf({ KEY: 'se\u00e9cret' }).join()).toMatch(/^KEY must be (?!.*cret)/)
})

test.each(['ftp://x.example', 'x.example', 'http://', 'http:// x', 'http://user:password@x.example'])(
  '%s is no address',
  (word) => {
    expect(problemsOf({ BASE: word })).toHaveLength(1)
  },
)

describe('a variable with another name', () => {
  test('counts under both', () => {
    const folderOf = (env: Record<string, string>) => readVariables(table, env).values.folder
    expect(folderOf({ FOLDER: 'a' })).toBe('a')
    expect(folderOf({ FOLDER_DIR: 'b' })).toBe('b')
    expect(folderOf({ FOLDER: 'c', FOLDER_DIR: 'c' })).toBe('c')
  })

  test('is a problem if the two differ', () => {
    expect(problemsOf({ FOLDER: 'a', FOLDER_DIR: 'b' })).toEqual([
      'FOLDER and FOLDER_DIR mean the same, and differ (got "a" and "b"). Set FOLDER alone.',
    ])
  })

  const known = Object.values(table)

  test('is hidden by what is given for its name', () => {
    const env = { FOLDER_DIR: 'theirs', PORT: '1', HOME: '/' }
    expect(overlaid(known, env, { FOLDER: 'mine' })).toEqual({ FOLDER: 'mine', PORT: '1', HOME: '/' })
    expect(overlaid(known, env, { PORT: '2' })).toEqual({ FOLDER_DIR: 'theirs', PORT: '2', HOME: '/' })
  })

  test('comes along when the environment is narrowed to its name', () => {
    const env = { FOLDER: 'a', FOLDER_DIR: 'a', PORT: 'x', HOME: '/' }
    expect(narrowed(known, env, ['FOLDER'])).toEqual({ FOLDER: 'a', FOLDER_DIR: 'a' })
  })
})
