/** Redis as a place for fixtures. */
import { openRedis } from '../../../server/store/drivers/redis.ts'
import { onEngine } from '../../kit/engines.ts'
import { testContract } from './contract.ts'

onEngine('redis', 'fixtures on Redis', (freshPlace) => {
  testContract({ engine: 'redis', open: openRedis, freshPlace })
})
