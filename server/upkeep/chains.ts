/** Conversations whose requests carry their answers: all of one is saved, or nothing of it. */
import { posix } from 'node:path'
import { apiNamed } from '../api/index.ts'
import { type Call, contentText } from '../api/call.ts'
import { type Candidate, type Fixture, continuedBy } from '../fixture/fixture.ts'
import { type Identity, fileName, keyOf } from '../fixture/key.ts'
import type { Match } from '../fixture/match.ts'
import { parseRequest } from '../fixture/request.ts'
import { matchedAgain } from '../fixture/rules.ts'
import { idOf } from '../fixture/take.ts'
import type { Redactor } from '../redact/redactor.ts'
import type { Stamp, Store } from '../store/store.ts'
import type { Plan, Planned } from './plan.ts'

/** What became of a fixture of a conversation in the end. */
export type Kept = 'saved' | 'unchanged' | 'changed' | 'left'

/** What tells the state of each of some fixtures, by name. */
export const stampsOf = async (
  store: Pick<Store, 'stamp'>,
  fixtures: readonly { readonly name: string }[],
): Promise<ReadonlyMap<string, Stamp>> =>
  new Map(await Promise.all(fixtures.map(async ({ name }) => [name, await store.stamp(name)] as const)))

export interface Chains {
  /** Whether a fixture is of such a conversation. */
  has(fixture: Candidate): boolean
  /** Which call it is that is sent for a fixture now: another one, where it carries a new answer. */
  identify(fixture: Candidate, sent: Call): Identity
  /** Keeps what was recorded until the whole conversation is there. */
  keep(fixture: Candidate, recording: Fixture): void
  /** Keeps what stays as it was recorded, in the place that it has in the conversation now. */
  stay(fixture: Candidate, before: Fixture, sent: Call): void
  /** Saves the conversations that are whole, as far as nobody changed them meanwhile; says what became of each fixture, by name. */
  save(): Promise<ReadonlyMap<string, Kept>>
}

interface Parts {
  readonly store: Store
  readonly redactor: Redactor
  readonly match?: Match | undefined
  /** What the files held when the plan was made, by name. */
  readonly stamps: ReadonlyMap<string, Stamp>
}

export async function createChains(
  { send, skipped }: Plan,
  { store, redactor, match, stamps }: Parts,
): Promise<Chains> {
  const chains = chainsIn(send)
  const members = new Set(chains.flat().map(({ fixture }) => fixture.name))
  const recorded = new Map<string, Fixture>()
  const moved = new Map<string, string>()
  /** What may stand where a fixture goes: a run that was broken off left it there. */
  const leftOver = await stampsOf(store, skipped)
  const now = (key: string | undefined) => moved.get(key ?? '') ?? key

  const saveAll = async (chain: readonly Planned[]): Promise<[string, Kept][]> => {
    const whole = chain.flatMap(({ fixture }) => {
      const [stamp, recording] = [stamps.get(fixture.name), recorded.get(fixture.name)]
      return stamp !== undefined && recording ? [{ fixture, stamp, recording }] : []
    })
    const all = (kept: Kept) => chain.map(({ fixture }): [string, Kept] => [fixture.name, kept])
    if (whole.length < chain.length) return all('left')
    if (await isChanged(whole, store)) return all('changed')
    return saveWhole(whole, store, leftOver)
  }
  const place = ({ name, take, follows }: Candidate, recording: Fixture): void =>
    void recorded.set(name, { ...recording, take, follows: now(follows) })

  const identify = (fixture: Candidate, sent: Call): Identity => {
    const { key, api, call, previousKey, matchedBy } = fixture
    const text = sent.content.byteLength > 0 ? contentText(sent) : '{}'
    const requestText = redactor.json(text, undefined, apiNamed(api).isWord)
    const asked = {
      api,
      call: { ...call, path: sent.path },
      request: parseRequest(requestText),
      requestText,
      previousKey: now(previousKey),
      matchedBy,
    }
    if (continuedBy(fixture) === undefined) return { key, ...asked }
    const counted = matchedAgain(asked, match)
    const newKey = keyOf(counted)
    moved.set(key, newKey)
    return { key: newKey, ...counted }
  }

  return {
    has: ({ name }) => members.has(name),
    identify,
    keep: place,
    stay(fixture, before, sent) {
      if (members.has(fixture.name)) place(fixture, { ...before, matched: undefined, ...identify(fixture, sent) })
    },
    async save() {
      const kept = new Map<string, Kept>()
      for (const chain of chains) for (const [name, what] of await saveAll(chain)) kept.set(name, what)
      return kept
    },
  }
}

interface Whole {
  readonly fixture: Candidate
  readonly stamp: Stamp
  readonly recording: Fixture
}

/** Whether one of these is not as it was any more. */
async function isChanged(whole: readonly Whole[], store: Store): Promise<boolean> {
  const fixtures = whole.map(({ fixture }) => fixture)
  const now = await stampsOf(store, fixtures)
  return whole.some(({ fixture, stamp }) => now.get(fixture.name) !== stamp)
}

/** Saves all of a conversation; says what became of each fixture, by name. */
async function saveWhole(
  whole: readonly Whole[],
  store: Store,
  leftOver: ReadonlyMap<string, Stamp>,
): Promise<[string, Kept][]> {
  // What gets another name is written beside the old one first, and what keeps its name after that: whenever this is
  // broken off, the old conversation or the new one is whole.
  const moving = whole.filter(({ fixture, recording }) => recording.key !== fixture.key)
  const written: string[] = []
  for (const { fixture, recording } of moving) {
    const next = posix.join(posix.dirname(fixture.name), fileName(recording))
    if (await store.replace(next, recording, leftOver.get(next) ?? 'absent')) written.push(next)
    else {
      for (const name of written) await store.remove(name, await store.stamp(name))
      return whole.map(({ fixture: { name } }) => [name, 'changed'])
    }
  }
  const done: [string, Kept][] = []
  for (const { fixture, recording } of whole) {
    if (recording.key !== fixture.key) continue
    const { outcome } = await store.save(recording)
    done.push([fixture.name, outcome === 'kept' ? 'left' : outcome])
  }
  for (const { fixture, stamp } of moving) {
    done.push([fixture.name, (await store.remove(fixture.name, stamp)) ? 'saved' : 'changed'])
  }
  return done
}

/** The conversations of a plan in which a request carries an answer, each in order. */
export function chainsIn(send: readonly Planned[]): Planned[][] {
  const roots = new Map<string, string>()
  for (const { fixture, after } of send) {
    roots.set(idOf(fixture), (after && roots.get(idOf(after))) ?? idOf(fixture))
  }
  return [...Map.groupBy(send, ({ fixture }) => roots.get(idOf(fixture))).values()].filter((chain) =>
    chain.some(({ carries }) => carries),
  )
}
