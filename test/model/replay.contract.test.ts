/** Replay answers as the model did that it was recorded from. */
import { instant } from '../../server/model/pace.ts'
import { systemClock } from '../../server/base/clock.ts'
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
import { ASK, testModel } from './contract.ts'

testModel(async (answers) => {
  const dir = await temporaryFolder()
  const standIn = await runStandIn(byInput(answers))
  const recording = recordInto(openTestStore(dir), liveFrom(standIn), { recordFailures: true })
  for (const input of Object.keys(answers)) await drain(recording, { ...ASK, input })
  await standIn.close()
  return replayFrom(openTestStore(dir), instant, systemClock)
})
