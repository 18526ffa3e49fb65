import { expect, test } from 'vitest'
import { forShell } from '../../server/base/shell.ts'

test('a word for a shell is quoted where it has to be', () => {
  expect(['plain/word:1', "it's", ''].map(forShell)).toEqual(['plain/word:1', String.raw`'it'\''s'`, "''"])
})
