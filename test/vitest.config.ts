/** How the tests run: files share processes, but for those that mock the network or the timers of theirs. */
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

/** What nock and msw patch in one process is not always taken back; and fake timers are to be nobody else's. */
const MOCKED = 'test/**/*.{msw,nock,timers}.test.ts'

/** What is tried with real processes, browsers, engines and SDKs, or with all of the data: minutes. */
const EDGES = ['test/{page,runners,sdks}/**/*.test.ts', 'test/**/*.edge.test.ts']

export default defineConfig({
  test: {
    // Only what hangs takes so long, however busy the machine is.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 100_000 } },
    maxWorkers: 4,
    // A process of the checkout starts in half of the processor time if its types were taken off before.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, '../node_modules/.cache/compiled') },
    projects: [
      { extends: true, test: { name: 'mocked', include: [MOCKED], exclude: EDGES } },
      {
        extends: true,
        test: { name: 'shared', include: ['test/**/*.test.ts'], exclude: [MOCKED, ...EDGES], isolate: false },
      },
      { extends: true, test: { name: 'edges', include: EDGES, isolate: false } },
    ],
  },
})
