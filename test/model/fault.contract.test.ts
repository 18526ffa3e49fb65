/** A model whose faults come too late answers as the one does that it would break. */
import { systemClock } from '../../server/base/clock.ts'
import { fault } from '../../server/model/fault.ts'
import { parsePlan } from '../../server/model/faults.ts'
import type { Model } from '../../server/model/model.ts'
import { byInput, liveFrom, openTestStore, recordInto, runStandIn, temporaryFolder } from '../kit/tools.ts'
import { testCaller, testModel } from './contract.ts'

const faulty = (model: Model): Model =>
  fault(model, {
    plan: parsePlan('delay:0ms@0,drop@100000'),
    onRequest: false,
    keyOf: async () => '',
    clock: systemClock,
    stallMs: () => 0,
  })

testModel(async (answers) => faulty(liveFrom(await runStandIn(byInput(answers)))))
testCaller(async (standIn) => faulty(recordInto(openTestStore(await temporaryFolder()), liveFrom(standIn))))
