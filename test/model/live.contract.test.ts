/** The API itself does what every model does. */
import { byInput, liveFrom, runStandIn } from '../kit/tools.ts'
import { testCaller, testModel } from './contract.ts'

testModel(async (answers) => liveFrom(await runStandIn(byInput(answers))), ['one', 'two', 'three'])
testCaller(async (standIn) => liveFrom(standIn))
