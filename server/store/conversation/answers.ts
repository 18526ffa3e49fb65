/** Where it is known which fixtures hold the answer that a later request names: by its id, or by marks. */
import type { DeltatapeError } from '../../base/errors.ts'
import type { Candidate, Fixture } from '../../fixture/fixture.ts'
import type { Sketch } from '../../fixture/sketch.ts'
import type { Marks } from './marks.ts'

/** All that is given is as it is now: who knew it before has looked whether it still is so. */
export interface Answers {
  /** Fixtures with so many keys, at most, that are known to hold the answer with this id. */
  holding(answerId: string, most: number): Promise<readonly Sketch[]>
  /** The last recorded of all that hold it. */
  newest(answerId: string): Promise<Sketch | undefined>
  /** The fixture with a key, if it holds the answer with this id. */
  holder(key: string, answerId: string): Promise<Sketch | undefined>
  /** The keys of the fixtures that are continued by those that ask this, whatever they continue. */
  continuedBy(turn: string): Promise<readonly string[]>
  /** Looks at all that there is, where nothing else tells; says why it is not certain that this is all. */
  look(answerId: string): Promise<DeltatapeError | undefined>
  /** A fixture is about to be written under a name. */
  saving(fixture: Fixture, name: string): Promise<void>
  /** A fixture is gone; another may stand in its place. */
  removed(fixture: Candidate, by?: Fixture): Promise<void>
  readonly marks: Marks
  /** The models that were asked, in no order. */
  models(): Promise<readonly string[]>
}
