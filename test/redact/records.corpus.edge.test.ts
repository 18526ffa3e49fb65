import { describe, expect, test } from 'vitest'
import { apiNamed } from '../../server/api/index.ts'
import { createReader } from '../../server/api/framing/index.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import * as streams from '../kit/corpus.ts'
import * as answers from '../kit/corpus-any.ts'
import { redacted, toRecords, wiresOf } from './kit.ts'

const redactor = createRedactor({ 'api-key': 'the-c0nfigured-key' })

describe.skipIf(streams.absent)('recorded streams', () => {
  test('hold nothing that is taken for a secret', async () => {
    for (const { name, lines } of streams.readCorpus()) {
      const records = toRecords(lines.map((line) => JSON.parse(line)))
      expect([name, (await redacted(redactor, records)) === records]).toEqual([name, true])
    }
  })

  test('have the same events after a secret was taken out of them', async () => {
    const secret = 'a"planted\\secret9'
    const knows = redactor.with({ planted: secret })
    for (const { lines } of streams.readCorpus().slice(0, 20)) {
      const records = toRecords(
        lines.map((line) =>
          JSON.parse(line, (name, value: unknown) =>
            typeof value === 'string' && /^(?:delta|text|arguments)$/.test(name) ? `${value}${secret}` : value,
          ),
        ),
      )
      const written = await redacted(knows, records)
      const typesOf = (list: typeof records) => list.map(({ event }) => event?.type)
      expect(typesOf([...written])).toEqual(typesOf(records))
      expect(wiresOf(written)).not.toContain(JSON.stringify(secret).slice(1, -1))
      expect(await redacted(knows, written)).toBe(written)
    }
  })
})

describe.skipIf(answers.absent)('recorded bodies', () => {
  test('hold nothing that is taken for a secret', async () => {
    const dirty: string[] = []
    for (const { name, contentType, body } of answers.readAnswers()) {
      const reader = createReader([['content-type', contentType]])
      const records = [...reader.read(body, 0), ...reader.end(1, true)]
      if ((await redactor.records(records, apiNamed('responses'))) !== records) dirty.push(name)
    }
    expect(dirty).toEqual([])
  })
})
