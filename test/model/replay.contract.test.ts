/** Replay answers as the model did that it was recorded from. */
import { replay } from '../../server/model/replay.ts'
import { instant, systemClock } from '../../server/pace.ts'
import { byInput, drain, liveFrom, openTestStore, recordInto, runStandIn, temporaryFolder } from '../tools.ts'
import { ASK, testModel } from './contract.ts'

testModel(async (answers) => {
  const dir = await temporaryFolder()
  const standIn = await runStandIn(byInput(answers))
  const recording = recordInto(openTestStore(dir), liveFrom(standIn), { recordFailures: true })
  for (const input of Object.keys(answers)) await drain(recording, { ...ASK, input })
  await standIn.close()
  return replay(openTestStore(dir), instant, systemClock)
})
