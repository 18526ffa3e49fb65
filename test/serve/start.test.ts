/** A server that is started in this process. */
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Config, configOf, readConfig } from '../../server/serve/config.ts'
import { startWith } from '../../server/serve/start.ts'
import { temporaryFolder } from '../kit/tools.ts'

async function startedWith(config: Config): Promise<{ url: string; lines: string[] }> {
  const lines: string[] = []
  const { server } = await startWith(config, { write: (line) => void lines.push(line) })
  onTestFinished(() => server.close(0))
  return { url: server.url, lines }
}

const asked = (url: string) =>
  fetch(`${url}/v1/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4.1-mini', input: 'My name is Ada.' }),
  })

describe('before anything was recorded', () => {
  /** The configuration of somebody who names no folder, in a project without one. */
  const first = async (options: Partial<Config> = {}): Promise<Config> => {
    const fixturesDir = join(await temporaryFolder(), 'fixtures')
    return { ...configOf({ port: 0, ...options }), fixturesDir }
  }

  test('a server starts, says how to record, and answers that there is nothing', async () => {
    const config = await first()
    const { fixturesDir } = config
    const { url, lines } = await startedWith(config)
    expect(lines.join('')).toContain(`To record: \`MODEL_MODE=record npx deltatape serve --fixtures ${fixturesDir}\`.`)
    const response = await asked(url)
    expect([response.status, await response.text()]).toEqual([404, expect.stringContaining('npx deltatape serve')])
  })

  test('what is recorded meanwhile is found', async () => {
    const config = await first()
    const { url } = await startedWith(config)
    expect((await asked(url)).status).toBe(404)
    await cp('fixtures', config.fixturesDir, { recursive: true })
    expect((await asked(url)).status).toBe(200)
  })

  test('who runs something else is told to run that', async () => {
    const { lines } = await startedWith(await first({ howToRecord: 'npm test' }))
    expect(lines.join('')).toContain('To record: `MODEL_MODE=record npm test`.')
  })

  test('a server that records makes the folder, and says nothing of it', async () => {
    const { lines } = await startedWith(await first({ mode: 'auto' }))
    expect(lines.join('')).not.toContain('To record')
  })
})

test('a folder that was named has to be there', async () => {
  const dir = join(await temporaryFolder(), 'fixtures')
  for (const named of [
    readConfig({ FIXTURES: dir }),
    readConfig({ FIXTURES_DIR: dir }),
    configOf({ fixturesDir: dir }),
  ]) {
    await expect(startWith({ ...named, port: 0 }, { write() {} })).rejects.toMatchObject({ code: 'fixtures_unusable' })
  }
})
