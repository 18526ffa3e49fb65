/** The README is short, and what it names is there. */
import { expect, test } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import { PAGES, readPage } from './kit/docs.ts'

test('the README can be read in ten minutes', async () => {
  const lines = (await readPage('README.md')).split('\n')
  expect(lines.length).toBeLessThanOrEqual(150)
})

test('every script that a page names is one', async () => {
  const text = (await Promise.all(PAGES.map(readPage))).join('\n')
  const named = [...text.matchAll(/npm (?:run )?(start|test|[a-z]+(?::[a-z]+)?)\b/g)].map(([, script = '']) => script)
  const scripts = new Set(named.filter((script) => !['ci', 'run', 'scripts', 'install', 'init'].includes(script)))
  expect(Object.keys(manifest.scripts)).toEqual(expect.arrayContaining([...scripts]))
})
