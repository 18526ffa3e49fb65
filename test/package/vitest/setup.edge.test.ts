/** What runs in other people's workers: how much it is, and what it loads. */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { installed } from '../../kit/packed.ts'

/** All that a module loads: the files of ours, and the names of everything else. */
async function loadedBy(file: string, files = new Map<string, string>(), others = new Set<string>()) {
  const text = await readFile(file, 'utf8')
  files.set(file, text)
  for (const [, name = ''] of text.matchAll(/^(?:import|export) (?:[^"]* from )?"([^"]+)";$/gm)) {
    const path = join(dirname(file), name)
    if (!name.startsWith('.')) others.add(name)
    else if (!files.has(path)) await loadedBy(path, files, others)
  }
  return { files, others }
}

test('workers load a few kB, and nothing but vitest and Node', async () => {
  const folder = await installed()
  const { files, others } = await loadedBy(join(folder, 'node_modules/deltatape/dist/vitest/setup.js'))
  const code = [...files.values()].join('\n').replaceAll(/^\s*(?:\/?\*|\/\/).*$/gm, '')
  expect(code.length).toBeLessThan(18_000)
  expect([...others].filter((name) => !name.startsWith('node:'))).toEqual(['vitest'])
})

test('a configuration that is shared with a build loads no server', async () => {
  const folder = await installed()
  const { files, others } = await loadedBy(join(folder, 'node_modules/deltatape/dist/vitest.js'))
  expect([...files.values()].join('').length).toBeLessThan(10_000)
  expect([...others].filter((name) => !name.startsWith('node:'))).toEqual([])
})
