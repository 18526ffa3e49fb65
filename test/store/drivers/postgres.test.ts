/** PostgreSQL as a place for fixtures. */
import { openPostgres } from '../../../server/store/drivers/postgres.ts'
import { onEngine } from '../../kit/engines.ts'
import { testContract } from './contract.ts'

onEngine('postgres', 'fixtures on PostgreSQL', (freshPlace) => {
  testContract({ engine: 'postgres', open: openPostgres, freshPlace })
})
