/** Replay answers as the model did that it was recorded from. */
import { instant, systemClock } from '../../server/pace.ts'
import {
  byInput,
  drain,
  liveFrom,
  openTestStore,
  recordInto,
  replayFrom,
  runStandIn,
  temporaryFolder,
} from '../tools.ts'
import { ASK, testModel } from './contract.ts'

testModel(async (answers) => {
  const dir = await temporaryFolder()
  const standIn = await runStandIn(byInput(answers))
  const recording = recordInto(openTestStore(dir), liveFrom(standIn), { recordFailures: true })
  for (const input of Object.keys(answers)) await drain(recording, { ...ASK, input })
  await standIn.close()
  return replayFrom(openTestStore(dir), instant, systemClock)
})
