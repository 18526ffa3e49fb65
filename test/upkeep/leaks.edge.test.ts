/** Secrets, all the way: in prompts and in answers, through the server, to the disk and back. */
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compose, steps } from '../kit/answers.ts'
import { connect } from '../kit/client.ts'
import { samplesFrom } from '../kit/secrets.ts'
import { runDeltatape, runServer, runStandIn, temporaryFolder } from '../kit/tools.ts'

/** What stands untouched beside it: chance makes tokens in it. */
const ENCRYPTED = `gAAAA${'Ab9_'.repeat(80)}vcp_${'a'.repeat(24)}-${'Ab9_'.repeat(20)}`

const question = (text: string) => `Is this right?\n${text}\nIt is mine.`

describe('secrets', () => {
  test('reach no disk when they are recorded, and replay answers to others in their place', async () => {
    const [mine, others] = [samplesFrom(21), samplesFrom(22)]
    const answers = new Map(mine.map(({ text }, index) => [question(text), { text, index }]))
    const standIn = await runStandIn(({ body }) => {
      const { text = '', index = 0 } = answers.get(String(body.input)) ?? {}
      // Each cut in pieces of another length.
      const size = 1 + (index % 9)
      const pieces = text.match(new RegExp(String.raw`[\s\S]{1,${size}}`, 'g')) ?? []
      const composer = compose(`s${index}`)
        .text(['It is ', ...pieces, '.'])
        .call('store', ['{"key":', JSON.stringify(text), '}'])
      return {
        steps: steps(
          composer
            .completed()
            .map((event) =>
              event.type === 'response.output_item.added' ? { ...event, encrypted_content: ENCRYPTED } : event,
            ),
        ),
      }
    })
    const dir = await temporaryFolder()
    const recording = await runServer({
      FIXTURES_DIR: dir,
      MODEL_MODE: 'record',
      OPENAI_API_KEY: 'sk-x',
      OPENAI_BASE_URL: standIn.url,
    })
    const recorder = await connect(`${recording.url}/ws`)
    for (const { text, secret } of mine) {
      recorder.send({ input: question(text) })
      // The client gets what the model said.
      expect((await recorder.next()).message).toContain(secret)
    }
    await recording.close()

    const names = await readdir(dir)
    const texts = await Promise.all(names.map((name) => readFile(join(dir, name), 'utf8')))
    const disk = `${names.join('\n')}\n${texts.join('\n')}`
    for (const { secret } of mine) {
      expect(disk).not.toContain(JSON.stringify(secret).slice(1, -1))
      expect(recording.lines.join('\n')).not.toContain(secret)
      // Nor a good piece of it.
      expect(disk).not.toContain(secret.slice(-16))
    }
    expect(texts.every((text) => text.includes(ENCRYPTED))).toBe(true)
    expect((await runDeltatape(['verify', '--fixtures', dir, '--strict'])).out).toEqual([
      `${names.length} fixtures, no problems`,
    ])

    const replaying = await runServer({ FIXTURES_DIR: dir })
    const player = await connect(`${replaying.url}/ws`)
    for (const { text, kind } of others) {
      player.send({ input: question(text) })
      const frame = await player.next()
      expect([frame.type, frame.message]).toEqual(['message', expect.stringContaining(`[redacted:${kind}]`)])
    }
  })

  test('are found where they were planted, in a prompt, in an answer, split over deltas', async () => {
    const standIn = await runStandIn(() => ({
      steps: steps(compose('x').text(['It is ', '1st', '2nd', '3rd', '.']).completed()),
    }))
    const dir = await temporaryFolder()
    const recording = await runServer({
      FIXTURES_DIR: dir,
      MODEL_MODE: 'record',
      OPENAI_API_KEY: 'sk-x',
      OPENAI_BASE_URL: standIn.url,
    })
    const recorder = await connect(`${recording.url}/ws`)
    recorder.send({ input: 'Say it' })
    await recorder.next()
    await recording.close()
    const [name = ''] = await readdir(dir)
    const clean = await readFile(join(dir, name), 'utf8')
    const escaped = (text: string) => JSON.stringify(text).slice(1, -1)

    for (const { text, secret } of samplesFrom(23)) {
      const third = Math.ceil(text.length / 3)
      const pieces = [text.slice(0, third), text.slice(third, 2 * third), text.slice(2 * third)].map(escaped)
      const planted = {
        prompt: clean.replace('Say it', () => escaped(text)),
        answer: clean.replaceAll('It is 1st2nd3rd.', () => escaped(`It is ${text}.`)),
        deltas: clean
          .replace('"delta":"1st"', () => `"delta":"${pieces[0]}"`)
          .replace('"delta":"2nd"', () => `"delta":"${pieces[1]}"`)
          .replace('"delta":"3rd"', () => `"delta":"${pieces[2]}"`),
      }
      for (const [where, whole] of Object.entries(planted)) {
        expect(whole).not.toBe(clean)
        await writeFile(join(dir, name), whole)
        const { code, out } = await runDeltatape(['verify', '--fixtures', dir])
        expect([where, code, out.join('\n')]).toEqual([
          where,
          1,
          expect.stringMatching(/:\d+: it holds (?:a secret|secrets): /),
        ])
        expect(out.join('\n')).not.toContain(secret)
      }
    }
  })
})
