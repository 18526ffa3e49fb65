import { describe, expect, test } from 'vitest'
import {
  deltatape,
  installing,
  marked,
  runnerIn,
  shellIn,
  withVariables,
  wordFor,
} from '../../server/base/command-line.ts'

describe('the shell of people', () => {
  test('is that of their system, unless they have another one', () => {
    expect([shellIn('linux', {}), shellIn('darwin', { SHELL: '/bin/zsh' })]).toEqual(['posix', 'posix'])
    expect(shellIn('win32', {})).toBe('powershell')
    expect([shellIn('win32', { SHELL: '/usr/bin/bash' }), shellIn('win32', { MSYSTEM: 'MINGW64' })]).toEqual([
      'posix',
      'posix',
    ])
  })

  test('gets each word as one', () => {
    expect(["it's", 'my fixtures', '--apply'].map((word) => wordFor(word, 'posix'))).toEqual([
      String.raw`'it'\''s'`,
      "'my fixtures'",
      '--apply',
    ])
    expect(["it's", String.raw`C:\fixtures`, '$HOME', 'a,b'].map((word) => wordFor(word, 'powershell'))).toEqual([
      "'it''s'",
      String.raw`C:\fixtures`,
      "'$HOME'",
      "'a,b'",
    ])
  })

  test('takes no word for the end of one, whatever quotes it holds', () => {
    // PowerShell takes any of these for a quote.
    for (const quote of ["'", '\u2018', '\u2019', '\u201A', '\u201B']) {
      const word = `a${quote}; calc; ${quote}`
      const doubled = word.replaceAll(quote, quote + quote)
      expect(wordFor(word, 'powershell')).toBe(`'${doubled}'`)
      expect(withVariables({ A: word }, 'npm test', 'powershell')).toBe(`$env:A='${doubled}'; npm test`)
    }
  })

  test('sets variables in its own way', () => {
    const variables = { OPENAI_API_KEY: '…', UPSTREAMS: 'a b' }
    expect(withVariables(variables, 'npm test', 'posix')).toBe("OPENAI_API_KEY=… UPSTREAMS='a b' npm test")
    expect(withVariables(variables, 'npm test', 'powershell')).toBe(
      "$env:OPENAI_API_KEY='…'; $env:UPSTREAMS='a b'; npm test",
    )
    expect(withVariables({}, 'npm test', 'posix')).toBe('npm test')
  })
})

test('deltatape is run by the package manager that ran what says so', () => {
  const agents = ['npm/11.6.0 node/v24.0.0', 'pnpm/10.2.0 npm/? node/v24.0.0', 'yarn/4.5.0', 'bun/1.3.0', undefined]
  expect(agents.map((agent) => runnerIn({ npm_config_user_agent: agent }))).toEqual([
    'npx',
    'pnpm exec',
    'yarn',
    'bunx',
    'npx',
  ])
})

test('a package is installed by it, too', () => {
  const agents = ['npm/11.6.0', 'pnpm/10.2.0', 'yarn/4.5.0', 'bun/1.3.0']
  expect(agents.map((agent) => installing('redis', { npm_config_user_agent: agent }))).toEqual([
    'npm install -D redis',
    'pnpm add -D redis',
    'yarn add -D redis',
    'bun add -d redis',
  ])
})

test('a command within a sentence ends where its marks do', () => {
  expect(`${marked(deltatape('ls', '--fixtures', 'my fixtures'))}.`).toMatch(
    /^`\S+.* deltatape ls --fixtures 'my fixtures'`\.$/,
  )
})
