/** The files of the page, as they were built. */
import { readFile } from 'node:fs/promises'
import { findPackageJSON } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { DeltatapeError, systemCode } from '../../base/errors.ts'

/** A file as it is served. */
export interface Asset {
  readonly type: string
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** What was built: the HTML, and what it asks for by the paths that stand in it: `assets/index-BCfDVh78.js`. */
export interface Built {
  readonly html: string
  readonly assets: ReadonlyMap<string, Asset>
  /** The licences of the packages whose code is in it. */
  readonly licences: string
}

/** What the HTML asks for: `src="./assets/index-BCfDVh78.js"`. */
const NAMED = /(?:src|href)="\.\/([^"]+)"/g

/** The types of what a build makes. */
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

const OTHER_TYPE = 'application/octet-stream'

/** Where the page is: beside the sources in a checkout, beside what was built of them in a package. */
const folder = (): string => join(dirname(findPackageJSON(import.meta.url) ?? ''), 'web', 'dist')

/** How often the files are read again that a build replaced meanwhile. */
const TRIES = 3

/**
 * Reads the page: no path that a client sends is ever looked for on the disk.
 *
 * @throws DeltatapeError `not_found` if it was not built
 */
export async function readBuilt(dir = folder(), tries = TRIES): Promise<Built> {
  const html = await textAt(dir, 'index.html')
  if (html === undefined) throw notBuilt()
  const assets = new Map<string, Asset>()
  for (const [, path = ''] of html.matchAll(NAMED)) {
    const bytes = await readFile(join(dir, path)).catch(unlessMissing)
    if (bytes) assets.set(path, { type: TYPES[extname(path)] ?? OTHER_TYPE, bytes: new Uint8Array(bytes) })
    // It was built again meanwhile, and what is new names others.
    else if (tries > 1) return readBuilt(dir, tries - 1)
    else throw notBuilt()
  }
  return { html, assets, licences: (await textAt(dir, 'LICENCES.txt')) ?? '' }
}

/** Reads the page when it is first asked for, and once. A page that is built later is found then. */
export function createPageFiles(): () => Promise<Built> {
  let built: Promise<Built> | undefined
  return () => {
    built ??= readBuilt().catch((error: unknown) => {
      built = undefined
      throw error
    })
    return built
  }
}

const textAt = async (dir: string, name: string): Promise<string | undefined> =>
  readFile(join(dir, name), 'utf8').catch(unlessMissing)

const unlessMissing = (error: unknown): undefined => {
  if (systemCode(error) !== 'ENOENT') throw error
}

const notBuilt = () =>
  new DeltatapeError('not_found', 'The page was not built: npm run build:page builds it in a checkout of deltatape.')
