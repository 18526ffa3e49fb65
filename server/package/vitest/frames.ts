/** The rules of the chat, for the frames that a client got: what is wrong with them. Pure. */

/** One frame of a chat. */
export interface Frame {
  readonly type: 'delta' | 'message' | 'error'
  readonly message: string
  /** The id of its turn, if the client gave one. */
  readonly id?: string
  readonly code?: string
  readonly [more: string]: unknown
}

const TYPES: readonly unknown[] = ['delta', 'message', 'error']

/** Reads what a client got: texts as they came, or what it made of them. Gives what is no frame as it is. */
const read = (received: unknown): unknown => {
  if (typeof received !== 'string') return received
  try {
    return JSON.parse(received)
  } catch {
    return received
  }
}

const isFrame = (value: unknown): value is Frame =>
  typeof value === 'object' &&
  value !== null &&
  'type' in value &&
  TYPES.includes(value.type) &&
  'message' in value &&
  typeof value.message === 'string'

const isTerminal = ({ type }: Frame): boolean => type !== 'delta'

/** The frames among what was received, and what is none of them. */
export function framesIn(received: unknown): { readonly frames: readonly Frame[]; readonly problems: string[] } {
  if (!Array.isArray(received)) return { frames: [], problems: ['it is no list of frames'] }
  const all: unknown[] = received.map(read)
  const strangers = all.flatMap((each, index) =>
    isFrame(each) ? [] : [`${JSON.stringify(each)}, at ${index + 1}, is no frame`],
  )
  return { frames: all.filter(isFrame), problems: strangers }
}

/** What is wrong with the frames of one turn. */
export function problemsOf(frames: readonly Frame[]): string[] {
  const ends = frames.filter(isTerminal)
  const last = frames.at(-1)
  const deltas = frames.filter((frame) => !isTerminal(frame))
  const text = deltas.map(({ message }) => message).join('')
  const ids = new Set(frames.map(({ id }) => id))
  const problems: string[] = []
  if (ends.length !== 1) problems.push(`it has ${ends.length} terminal frames, not one`)
  if (ends.length === 1 && last && !isTerminal(last)) problems.push('a frame comes after its terminal one')
  // A client of /ws gets no deltas.
  if (last?.type === 'message' && deltas.length > 0 && last.message !== text) {
    problems.push(`its deltas add up to ${JSON.stringify(text)}, and its message is ${JSON.stringify(last.message)}`)
  }
  if (ids.size > 1) problems.push(`frames of ${[...ids].map((id) => id ?? 'no id').join(' and ')} are mixed`)
  return problems
}

/** Cuts frames behind each terminal one. */
export function turnsIn(frames: readonly Frame[]): Frame[][] {
  const turns: Frame[][] = []
  let open: Frame[] = []
  for (const frame of frames) {
    open.push(frame)
    if (!isTerminal(frame)) continue
    turns.push(open)
    open = []
  }
  return open.length > 0 ? [...turns, open] : turns
}

/** The texts of frames as they came, or as JSON has them. */
export const textsOf = (received: unknown): unknown =>
  Array.isArray(received)
    ? received.map((each: unknown) => (typeof each === 'string' ? each : JSON.stringify(each)))
    : received
