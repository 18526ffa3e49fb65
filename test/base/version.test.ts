/** Which Node deltatape needs. */
import { expect, test } from 'vitest'
import { needNode } from '../../server/base/version.ts'

test.each(['18.20.8', '20.20.2', '22.9.0', '22.21.9'])('Node %s is too old, and is told so in one line', (node) => {
  expect(() => needNode({ node })).toThrow(
    expect.objectContaining({
      code: 'node_too_old',
      message: expect.stringMatching(`^deltatape needs Node 22\\.22 or newer, and this is ${node}\\.[^\n]+$`),
    }),
  )
})

test.each(['22.22.0', '22.100.0', '24.0.0', '100.0.0'])('Node %s will do', (node) => {
  expect(() => needNode({ node })).not.toThrow()
})
