/** A process of its own that saves: a failure and a good answer of one call, as the test tells it. */
import { openTestStore } from '../kit/tools.ts'
import { toRecords } from '../kit/calls.ts'
import { compose } from '../kit/answers.ts'
import { answerOf, fixtureFor } from './kit.ts'

process.on('message', async ({ dir, input, good }: { dir: string; input: string; good: boolean }) => {
  const store = openTestStore(dir)
  const records = good ? answerOf('good') : toRecords(compose('bad').failed('server_error', 'x'))
  const { outcome } = await store.save(await fixtureFor(store, { model: 'm', input }, records))
  process.send?.(outcome)
})
