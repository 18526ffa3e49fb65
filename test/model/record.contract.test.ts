/** A model that records answers as the one does that it records. */
import type { Model } from '../../server/model/model.ts'
import { byInput, liveFrom, openTestStore, recordInto, runStandIn, temporaryFolder } from '../kit/tools.ts'
import { testCaller, testModel } from './contract.ts'

const recording = async (model: Model): Promise<Model> =>
  recordInto(openTestStore(await temporaryFolder()), model, { recordFailures: true })

testModel(async (answers) => recording(liveFrom(await runStandIn(byInput(answers)))))
testCaller(async (standIn) => recording(liveFrom(standIn)))
