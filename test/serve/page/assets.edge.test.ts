/** The files of the page: read as a whole, while others may build them. */
import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { readBuilt } from '../../../server/serve/page/assets.ts'
import { temporaryFolder } from '../../kit/tools.ts'

async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const dir = await temporaryFolder()
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true })
    await writeFile(join(dir, name), text)
  }
  return dir
}

const HTML = '<script src="./assets/index-1.js"></script><link href="./assets/style-1.css">'

test('the page is whole at any time, while it is built again', async () => {
  const building = Promise.all([1, 2].map(() => promisify(execFile)('node', ['bin/page.ts'])))
  const state = { over: false }
  void building.catch(() => {}).then(() => (state.over = true))
  await readBuilt().catch(() => building)
  do {
    const { html, assets } = await readBuilt()
    expect(html).toContain('<div id="page">')
    expect(assets.size).toBe(3)
  } while (!state.over)
  await building
})

describe('the page that was built', () => {
  test('is its HTML and its assets, by the paths that name them', async () => {
    const dir = await folderOf({
      'index.html': HTML,
      'LICENCES.txt': 'MIT',
      'assets/index-1.js': 'one',
      'assets/style-1.css': '.two {}',
      'assets/index-0.js': 'of an older page',
    })
    const { html, licences, assets } = await readBuilt(dir)
    expect([html, licences]).toEqual([HTML, 'MIT'])
    const shown = [...assets].map(([path, { type, bytes }]) => [path, type, Buffer.from(bytes).toString()])
    expect(shown.toSorted()).toEqual([
      ['assets/index-1.js', 'text/javascript; charset=utf-8', 'one'],
      ['assets/style-1.css', 'text/css; charset=utf-8', '.two {}'],
    ])
  })

  test.each([
    ['nothing is there', {}],
    ['there is no HTML', { 'assets/index-1.js': '' }],
    ['there are no assets', { 'index.html': HTML }],
    ['an asset is missing that it names', { 'index.html': HTML, 'assets/index-1.js': '' }],
  ])('was not built if %s, and how to build it is told', async (_what, files) => {
    const dir = await folderOf(files)
    await expect(readBuilt(dir)).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('npm run build:page'),
    })
    await rm(dir, { recursive: true, force: true })
    await expect(readBuilt(dir)).rejects.toMatchObject({ code: 'not_found' })
  })
})
