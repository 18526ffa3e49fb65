/** How the tests run: files share processes, but for those that mock the network or the timers of theirs. */
import { defineConfig } from 'vitest/config'

/** What nock and msw patch in one process is not always taken back; and fake timers are to be nobody else's. */
const MOCKED = 'test/**/*.{msw,nock,timers}.test.ts'

export default defineConfig({
  test: {
    // Only what hangs takes so long, however busy the machine is.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 4,
    projects: [
      { extends: true, test: { name: 'mocked', include: [MOCKED] } },
      { extends: true, test: { name: 'shared', include: ['test/**/*.test.ts'], exclude: [MOCKED], isolate: false } },
    ],
  },
})
