/** The data of the page over HTTP, below `/page`. */
import { type Context, Hono } from 'hono'
import { posix } from 'node:path'
import { type Env, withRoom } from '../http/room.ts'
import type { Compared, Rows, Status, View } from './data.ts'

/** Where the data comes from. Each rejects with a DeltatapeError. */
export interface PageSources {
  status(): Status
  /** @param after the name behind which the part begins; empty for the first */
  rows(after: string, limit: number): Promise<Rows>
  /** The names of the fixtures whose input or answer holds all these words. */
  search(words: string): Promise<readonly string[]>
  view(name: string): Promise<View>
  /** The text of a fixture's file. */
  raw(name: string): Promise<string>
  /** One HTML file that shows a fixture without a server. */
  exported(name: string): Promise<string>
  compare(before: string, after: string): Promise<Compared>
  /** @param revision whatever git takes for a revision: `HEAD` */
  compareWithGit(name: string, revision: string): Promise<Compared>
}

/** How many rows a part of the list has at most. */
const MAX_ROWS = 1000

export function createPageApi(sources: PageSources) {
  return new Hono<Env>()
    .get('/status', (c) => json(c, sources.status()))
    .get('/fixtures', async (c) => {
      const limit = Number(c.req.query('limit') ?? MAX_ROWS)
      const most = Number.isInteger(limit) && limit > 0 ? Math.min(limit, MAX_ROWS) : MAX_ROWS
      return json(c, await sources.rows(c.req.query('after') ?? '', most))
    })
    .get('/search', async (c) => json(c, await sources.search(c.req.query('q') ?? '')))
    .get('/fixture', async (c) => json(c, await sources.view(c.req.query('name') ?? '')))
    .get('/raw', async (c) => {
      const name = c.req.query('name') ?? ''
      return c.text(withRoom(c.env, await sources.raw(name)), 200, { 'content-disposition': savedAs(name) })
    })
    .get('/export', async (c) => {
      const name = c.req.query('name') ?? ''
      const html = withRoom(c.env, await sources.exported(name))
      return c.html(html, 200, { 'content-disposition': savedAs(`${name.replace(/\.jsonl$/, '')}.html`) })
    })
    .get('/compare', async (c) => {
      const { name = '', other, revision = 'HEAD' } = c.req.query()
      const compared = other === undefined ? sources.compareWithGit(name, revision) : sources.compare(name, other)
      return json(c, await compared)
    })
}

const json = (c: Context<Env>, value: object): Response =>
  c.body(withRoom(c.env, JSON.stringify(value)), 200, { 'content-type': 'application/json' })

/** Has a browser save what comes, and never show it, under the last part of a name (RFC 8187). */
const savedAs = (name: string): string =>
  `attachment; filename*=UTF-8''${encodeURIComponent(posix.basename(name)).replaceAll(/['()*]/g, escaped)}`

const escaped = (char: string): string => `%${(char.codePointAt(0) ?? 0).toString(16).toUpperCase()}`
