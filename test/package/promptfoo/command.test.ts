import { expect, test } from 'vitest'
import { commandIn } from '../../../server/package/promptfoo/command.ts'

test('the command of an eval is what was typed, whichever way promptfoo was started', () => {
  for (const script of [
    '/my/node_modules/promptfoo/dist/src/entrypoint.js',
    '/usr/bin/promptfoo',
    String.raw`C:\bin\pf.cmd`,
  ]) {
    const argv = ['/usr/bin/node', script, 'eval', '-c', "ada's evals.yaml", '--no-cache']
    expect(commandIn(argv, {})).toBe(String.raw`npx promptfoo eval -c 'ada'\''s evals.yaml' --no-cache`)
  }
})

test('elsewhere it is that of the run', () => {
  const argv = ['/usr/bin/node', '/my/promptfoo-evals/node_modules/vitest/dist/worker.js', 'run']
  expect(commandIn(argv, { VITEST: 'true' })).toBe('npx vitest run')
  expect(commandIn(argv, { VITEST: 'true', npm_lifecycle_event: 'check' })).toBe('npm run check')
  expect(commandIn(argv, { JEST_WORKER_ID: '1', npm_lifecycle_event: 'test' })).toBe('npm test')
  expect(commandIn(argv, { NODE_TEST_CONTEXT: 'child', npm_lifecycle_event: 'npx' })).toBe('node --test')
  expect(commandIn(argv, {})).toBe('npm test')
})
