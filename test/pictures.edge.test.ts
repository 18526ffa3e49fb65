/** The pictures of the docs: each that is named is there, is named somewhere, and shows something. */
import { readFile, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { inflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { PAGES, readPage } from './kit/docs.ts'

const FOLDER = 'docs/pictures'

const named = await Promise.all(
  PAGES.map(async (page) =>
    [...(await readPage(page)).matchAll(/(?:src|srcset)="([^"]+\.png)"|\]\(([^)]+\.png)\)/g)].map(
      ([, html, markdown]) => join(dirname(page), html ?? markdown ?? ''),
    ),
  ),
)

const there = (await readdir(FOLDER)).map((name) => join(FOLDER, name))

/** The bytes of a picture's lines, and its size in pixels. */
function read(png: Buffer): { readonly width: number; readonly height: number; readonly lines: Buffer } {
  const parts: Buffer[] = []
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT')
      parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)))
  }
  return { width: png.readUInt32BE(16), height: png.readUInt32BE(20), lines: inflateSync(Buffer.concat(parts)) }
}

test('the pictures that pages name are those that there are', () => {
  expect([...new Set(named.flat())].toSorted()).toEqual(there.toSorted())
})

test.each(there)('%s is not blank', async (file) => {
  const { width, height, lines } = read(await readFile(file))
  expect(width).toBeGreaterThanOrEqual(400)
  expect(height).toBeGreaterThanOrEqual(400)
  // What is of one colour has hardly any values, and what is drawn has many.
  expect(new Set(lines).size).toBeGreaterThan(100)
})

test('all of them together are small', async () => {
  const sizes = await Promise.all(there.map(async (file) => (await readFile(file)).length))
  expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(1_000_000)
})
