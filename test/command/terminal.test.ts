import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { ask, terminalOf } from '../../server/command/terminal.ts'

/** Asks on a terminal, and types something. */
async function typing(keys: string | null) {
  const input = new PassThrough()
  const output = Object.assign(new PassThrough(), { isTTY: true })
  const answer = ask(input, output, 'Remove it? [y/N] ')
  if (keys === null) input.end()
  else input.write(keys)
  return { agreed: await answer, shown: String(output.read()) }
}

describe('a question', () => {
  test.each(['y\r', 'Yes\r', ' yes \r'])('takes %j for a yes', async (keys) => {
    expect((await typing(keys)).agreed).toBe(true)
  })

  test.each(['\r', 'n\r', 'yep\r'])('takes %j for a no', async (keys) => {
    expect((await typing(keys)).agreed).toBe(false)
  })

  test.each([
    ['Ctrl-C', '\u0003'],
    ['Ctrl-D', '\u0004'],
    ['a terminal that is gone', null],
  ])('takes %s for a no, and leaves its line', async (_what, keys) => {
    const { agreed, shown } = await typing(keys)
    expect(agreed).toBe(false)
    expect(shown).toMatch(/\n$/)
  })
})

test.each([0, undefined])('a terminal that does not know its width (%s columns) has the usual one', (columns) => {
  const output = () => Object.assign(new PassThrough(), { isTTY: true, columns })
  const streams = { stdout: { value: output() }, stderr: { value: output() } }
  const { columns: width } = terminalOf(Object.create(process, streams))
  expect(width).toBe(80)
})
