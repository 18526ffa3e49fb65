import { Command } from 'commander'
import { expect, test } from 'vitest'
import { addVariables, configFrom, endingStyle, environmentOf } from '../../server/command/command.ts'
import { VARIABLES } from '../../server/config.ts'

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
  expect(options.map(({ short }) => short).filter((short) => short !== undefined)).toContain('--fixtures')
})

test('a flag stands over the variable, and what is no flag stays', () => {
  const command = parsed(['--fixtures', 'mine', '--record-failures'])
  expect(environmentOf(command, { FIXTURES_DIR: 'theirs', PORT: '1', HOME: '/' })).toEqual({
    FIXTURES_DIR: 'mine',
    RECORD_FAILURES: '1',
    PORT: '1',
    HOME: '/',
  })
})

test('where only some variables are asked for there are no other flags', () => {
  expect(() => parsed(['--port', '1'], 'FIXTURES_DIR')).toThrow('unknown option')
})

test('the configuration is made of what is asked for: what else is wrong is no matter', () => {
  const env = { FIXTURES_DIR: 'theirs', MODEL_MODE: 'record', PORT: 'x' }
  expect(configFrom(parsed([], 'FIXTURES_DIR'), env, 'FIXTURES_DIR')).toMatchObject({
    fixturesDir: 'theirs',
    mode: 'replay',
    port: 3300,
  })
  expect(configFrom(parsed(['--fixtures-dir', 'mine'], 'FIXTURES_DIR'), env, 'FIXTURES_DIR').fixturesDir).toBe('mine')
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
