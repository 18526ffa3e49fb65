import { describe, expect, test } from 'vitest'
import { findSecrets } from '../../server/redact/secretlint.ts'
import { samplesFrom } from '../kit/secrets.ts'

const samples = samplesFrom(5).filter(({ rule }) => rule !== undefined)

describe('findSecrets', () => {
  test('says in which of many texts, and where', async () => {
    const texts = samples.flatMap(({ text }) => ['clean', `before ${text}`, ''])
    const found = await findSecrets(texts)
    for (const [index, { rule, text, secret }] of samples.entries()) {
      expect(found.slice(3 * index, 3 * index + 3)).toEqual([[], [{ kind: rule, offset: expect.any(Number) }], []])
      const offset = found[3 * index + 1]?.[0]?.offset ?? 0
      expect(offset).toBeGreaterThanOrEqual('before '.length)
      expect(offset).toBeLessThanOrEqual(`before ${text}`.indexOf(secret))
    }
  })

  test('reads no secret across two texts', async () => {
    const [{ text = '' } = {}] = samples.filter(({ rule }) => rule === 'aws')
    const [name = '', value = ''] = text.split('= ')
    expect(await findSecrets([`${name}= ${value}`])).toHaveLength(1)
    expect(await findSecrets([`${name}= `, value])).toEqual([[], []])
  })

  test('is not turned off by a comment in a text', async () => {
    const [{ text = '' } = {}] = samples
    for (const comment of ['secretlint-disable', 'secretlint-disable-line', 'secretlint-disable-next-line']) {
      expect((await findSecrets([`// ${comment}\n${text} ${comment}`]))[0]).toHaveLength(1)
    }
  })

  test('takes nothing for a token in long base64, and takes a long token for one', async () => {
    const [{ text = '' } = {}] = samples.filter(({ rule }) => rule === 'vercel')
    expect(await findSecrets([`${'Ab9/'.repeat(60)}/${text}/${'Ab9/'.repeat(60)}`])).toEqual([[]])
    const [{ text: long = '' } = {}] = samples.filter(({ rule }) => rule === '1password')
    expect((await findSecrets([long, `${long}\n`])).map((found) => found.length)).toEqual([1, 1])
  })

  test('of nothing is nothing', async () => {
    expect(await findSecrets([])).toEqual([])
    expect(await findSecrets([''])).toEqual([[]])
  })
})
