/** Fixtures in a bucket of a real gateway, and what is told of one that does not do what it was asked. */
import { openS3 } from '../../../server/store/drivers/s3.ts'
import { onEngine } from '../../kit/engines.ts'
import { testContract } from './contract.ts'

onEngine('s3', 'a bucket', (placeOf) => {
  testContract({ engine: 's3', open: openS3, freshPlace: placeOf })
})
