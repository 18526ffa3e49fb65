/** Replay answers as the model did that was recorded. */
import { systemClock } from '../../server/base/clock.ts'
import { instant } from '../../server/model/pace.ts'
import {
  byInput,
  drain,
  liveFrom,
  openTestStore,
  recordInto,
  replayFrom,
  runStandIn,
  temporaryFolder,
} from '../kit/tools.ts'
import { testModel } from './contract.ts'
import { callFor } from './scripts.ts'

testModel(async (answers) => {
  const dir = await temporaryFolder()
  const standIn = await runStandIn(byInput(answers))
  const recording = recordInto(openTestStore(dir), liveFrom(standIn), { recordFailures: true })
  for (const input of Object.keys(answers)) await drain(recording, callFor(input))
  await standIn.close()
  return replayFrom(openTestStore(dir), instant, systemClock)
})
