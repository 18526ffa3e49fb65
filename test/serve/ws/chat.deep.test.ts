/** One terminal frame, whatever an answer holds. */
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compose, steps, words } from '../../kit/answers.ts'
import { connect } from '../../kit/client.ts'
import { sse } from '../../kit/standin.ts'
import { folderWith, runServer, runStandIn, temporaryFolder } from '../../kit/tools.ts'

const GOOD = compose('edges').text(words('Hello there')).completed()
const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`

const LAST: Readonly<Record<string, string>> = {
  'usage of the last': `{"type":"response.completed","response":{"id":"r","status":"completed","usage":{"a":${deep}}}}`,
  'output of the last': `{"type":"response.completed","response":{"id":"r","status":"completed","output":[${deep}]}}`,
  'an unknown event': `{"type":"x","a":${deep}}`,
}

describe.each(Object.entries(LAST))('nested too deeply: %s', (_name, last) => {
  test.each(['/ws', '/ws-stream'])('live and recorded, on %s, and the good fixture stays', async (path) => {
    const answer = { steps: [...steps(GOOD.slice(0, -1)), { raw: `data: ${last}\n\n${sse(GOOD.at(-1) ?? {})}` }] }
    const standIn = await runStandIn(({ body }, index) =>
      body.input === 'x' && index > 0 ? answer : { steps: steps(GOOD) },
    )
    const dir = await temporaryFolder()
    const { url } = await runServer({
      MODEL_MODE: 'record',
      OPENAI_API_KEY: 'sk-stand-in',
      OPENAI_BASE_URL: standIn.url,
      FIXTURES_DIR: dir,
    })
    const chat = await connect(url + path)
    const ends: unknown[] = []
    for (const input of ['x', 'x', 'y']) {
      chat.send({ input, id: input })
      ends.push((await chat.turn()).map(({ type, code }) => code ?? type).filter((word) => word !== 'delta'))
    }
    expect(ends).toEqual([['message'], ['upstream_malformed'], ['message']])
    const texts = await Promise.all((await readdir(dir)).map((name) => readFile(join(dir, name), 'utf8')))
    expect(texts.join('')).not.toContain('[[[')
    await chat.close()
  })

  test('on the disk it is a damaged fixture', async () => {
    const dir = await folderWith({ x: { events: GOOD } })
    for (const name of await readdir(dir)) {
      const lines = (await readFile(join(dir, name), 'utf8')).split('\n')
      await writeFile(join(dir, name), lines.with(lines.length - 3, `{"at":100,"event":${last}}`).join('\n'))
    }
    const { url } = await runServer({ FIXTURES_DIR: dir })
    const chat = await connect(`${url}/ws-stream`)
    chat.send({ input: 'x' })
    expect((await chat.turn()).map(({ code }) => code)).toEqual(['fixture_invalid'])
    await chat.close()
  })
})
