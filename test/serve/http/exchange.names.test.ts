/** The header that names a fixture: its file may be called anything. */
import { copyFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runServer, temporaryFolder } from '../../kit/tools.ts'

const NAME = 'my-name-is-ada'

test.skipIf(process.platform !== 'linux').each([
  ['приветствие', encodeURI('приветствие')],
  ['greeting-👋', encodeURI('greeting-👋')],
  ['two\nlines\r\nx-injected: 1', 'two%0Alines%0D%0Ax-injected:%201'],
  [Buffer.from([0x61, 0xff]), 'a%EF%BF%BD'],
])('carries %j encoded, streamed or in one piece', async (words, sent) => {
  const dir = await temporaryFolder()
  const name = (await readdir('fixtures')).find((each) => each.startsWith(NAME)) ?? ''
  const ending = name.slice(NAME.length)
  await copyFile(
    join('fixtures', name),
    Buffer.concat([Buffer.from(`${dir}/`), Buffer.from(words), Buffer.from(ending)]),
  )
  const server = await runServer({ FIXTURES_DIR: dir })
  for (const stream of [true, false]) {
    const answer = await fetch(`${server.url}/v1/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpt-4.1-mini', input: 'My name is Ada.', stream }),
    })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('x-deltatape-fixture')).toBe(`${sent}${ending}`)
    expect(answer.headers.get('x-injected')).toBeNull()
    await answer.text()
  }
})
