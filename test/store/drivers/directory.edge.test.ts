/** A directory as a place for fixtures. */
import { openDirectory } from '../../../server/store/drivers/directory.ts'
import { temporaryFolder } from '../../kit/tools.ts'
import { testContract } from './contract.ts'

testContract({ engine: 'directory', open: openDirectory, freshPlace: () => temporaryFolder(), hidesDots: true })
