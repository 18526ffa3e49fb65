/** So many lists that the items of all others go. */
import { remade } from '../../server/base/memo.ts'

/** Takes all the room that there is for items of lists that come again: whoever asks for those has to have them made. */
export const crowd = (): void => void remade([], { chars: Infinity, tally: undefined, pack: () => () => [] })
