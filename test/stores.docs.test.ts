/** What the docs say of engines: every command that names one runs as it stands, on a real one; so do the rights. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../server/base/clock.ts'
import { wholeOf } from '../server/store/driver.ts'
import { driverFor } from '../server/store/drivers/index.ts'
import { type Command, PAGES, commandIn, engineIn, linesOf, readPage } from './kit/docs.ts'
import { type EngineName, onEngine } from './kit/engines.ts'
import { runDeltatape, temporaryFolder } from './kit/tools.ts'

/** What a page is about, by the scheme of the addresses on it. */
const ENGINES: Readonly<Record<string, EngineName>> = { s3: 's3', redis: 'redis', postgres: 'postgres' }

interface Told {
  readonly page: string
  readonly command: Command
}

const pages = await Promise.all(PAGES.map(async (page) => [page, linesOf(await readPage(page))] as const))
const commands = pages.flatMap(([page, lines]) =>
  lines.flatMap((line): Told[] => {
    const command = commandIn(line)
    return command && engineIn(command) ? [{ page, command }] : []
  }),
)

describe.each(Object.entries(ENGINES))('%s', (scheme, engine) => {
  const told = commands.filter(({ command }) => engineIn(command) === scheme)

  onEngine(engine, `every command on ${engine}`, (placeOf) => {
    test('runs as it stands', async () => {
      const [folder, place] = [await temporaryFolder(), placeOf()]
      const logs = join(folder, 'used.jsonl')
      expect(told.length).toBeGreaterThan(2)
      await runDeltatape(['push', 'fixtures'], { env: { FIXTURES: place } })
      for (const { page, command } of told) {
        const env = { ...command.env, FIXTURES: place }
        const { code, err } = await runDeltatape(argsOf(command, folder), { env, answer: false })
        expect([0, 1], `${page}: ${command.args.join(' ')}: ${err.join('\n')}`).toContain(code)
      }
    })
  })
})
