import { Command } from 'commander'
import { expect, test } from 'vitest'
import { addVariables, configFrom, endingStyle, environmentOf } from '../../server/command/command.ts'
import { VARIABLES } from '../../server/serve/config.ts'

const parsed = (args: readonly string[], ...names: readonly string[]) =>
  addVariables(new Command('x'), ...names)
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .parse(args, { from: 'user' })

test('every variable is a flag of its name, some have a shorter one', () => {
  const { options } = addVariables(new Command('x'))
  expect(options.map(({ long }) => long)).toEqual(
    VARIABLES.map(({ name }) => `--${name.toLowerCase().replaceAll('_', '-')}`),
  )
  expect(options.map(({ short }) => short)).toEqual(expect.arrayContaining(['--mode', '--fixtures-dir']))
})

test('a flag counts before the variable and its other name, and what is no flag stays', () => {
  const command = parsed(['--fixtures', 'mine', '--record-failures'])
  expect(environmentOf(command, { FIXTURES_DIR: 'theirs', PORT: '1', HOME: '/' })).toEqual({
    FIXTURES: 'mine',
    RECORD_FAILURES: '1',
    PORT: '1',
    HOME: '/',
  })
})

test('if only some variables are asked for there are no other flags', () => {
  expect(() => parsed(['--port', '1'], 'FIXTURES')).toThrow('unknown option')
})

test('the configuration is made of what is asked for: what else is wrong is no matter', () => {
  const env = { FIXTURES_DIR: 'theirs', MODEL_MODE: 'record', PORT: 'x' }
  expect(configFrom(parsed([], 'FIXTURES'), env, 'FIXTURES')).toMatchObject({
    fixturesDir: 'theirs',
    mode: 'replay',
    port: 3300,
  })
  for (const flag of ['--fixtures', '--fixtures-dir']) {
    expect(configFrom(parsed([flag, 'mine'], 'FIXTURES'), env, 'FIXTURES').fixturesDir).toBe('mine')
  }
  expect(() => configFrom(parsed([], 'PORT'), env, 'PORT')).toThrow('PORT must be')
})

test('an ending has its colour', () => {
  expect((['completed', 'incomplete', 'reset', 'damaged'] as const).map(endingStyle)).toEqual([
    'green',
    'yellow',
    'red',
    'red',
  ])
})
