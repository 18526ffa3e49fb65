import { readdir } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { runServer } from '../../kit/tools.ts'
import { framesOf, replayed, sourcesOf } from './kit.ts'

const names = (await readdir('fixtures')).filter((name) => name.endsWith('.jsonl'))

test.each(names)('what is told of the replay of %s plays it, to the byte', async (name) => {
  const view = await sourcesOf('fixtures').view(name)
  const server = await runServer({ FIXTURES_DIR: 'fixtures' })
  const got = await replayed(server.url, view.replay)
  expect(got).toEqual(
    view.replay.how === 'chat'
      ? { frames: framesOf(view) }
      : { fixture: name, status: view.status, sha256: view.sha256 },
  )
})
