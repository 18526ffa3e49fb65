/** A directory as a place for fixtures. */
import { describe } from 'vitest'
import { openDirectory } from '../../../server/store/drivers/directory.ts'
import { temporaryFolder } from '../../kit/tools.ts'
import { testContract } from './contract.ts'

describe.skip('once it is there', () => {
  testContract({ engine: 'directory', open: openDirectory, freshPlace: () => temporaryFolder(), hidesDots: true })
})
