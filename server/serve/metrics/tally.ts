/** Counters and histograms: numbers by labels. What is made of them is made when it is asked for. */

/** What is told of one number. */
interface Sample {
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
  /** The name, if it is not that of the family. */
  readonly metricName?: string
}

/** What is told of all numbers of one name, in the form that the library has for it. */
export interface Family {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly values: readonly Sample[]
}

/** What a family is. The values of its labels come from tables of ours, never from a client: so their number is bounded. */
export interface About {
  readonly name: string
  readonly help: string
  readonly labels?: readonly string[]
}

/** Numbers that have the same labels are one, of type `T`. */
export interface Tally<T> {
  /** The number with these labels, in the order in which they were named. */
  at(...labels: readonly string[]): T
  family(): Family
}

/** What follows a word of a row of labels, and the number of the row that ends there. */
interface Branch<T> {
  readonly next: Map<string, Branch<T>>
  value?: T
}

/**
 * A number is found by a map in a map, which costs a tenth of one map by all labels in one text.
 *
 * @param samplesOf what is told of the number with these labels
 */
function createTally<T>(
  { name, help, labels: names = [] }: About,
  type: Family['type'],
  begin: () => T,
  samplesOf: (labels: Sample['labels'], value: T) => readonly Sample[],
): Tally<T> {
  const root: Branch<T> = { next: new Map() }
  const all: { readonly labels: Sample['labels']; readonly value: T }[] = []
  const add = (labels: readonly string[]): T => {
    const value = begin()
    all.push({ labels: Object.fromEntries(names.map((each, index) => [each, labels[index] ?? ''])), value })
    return value
  }
  const at = (...labels: readonly string[]): T => {
    let branch = root
    for (const label of labels) {
      let next = branch.next.get(label)
      if (!next) branch.next.set(label, (next = { next: new Map() }))
      branch = next
    }
    return (branch.value ??= add(labels))
  }
  // Without labels there is one number, from the beginning.
  if (names.length === 0) at()
  const values = () => all.flatMap(({ labels, value }) => samplesOf(labels, value))
  return { at, family: () => ({ name, help, type, values: values() }) }
}

export interface Count {
  value: number
}

export const createCounter = (about: About): Tally<Count> =>
  createTally(about, 'counter', () => ({ value: 0 }), samplesOfCount)

/** Numbers that are looked up when they are asked for. */
export function gauge(about: About, now: readonly (readonly [labels: readonly string[], value: number])[]): Family {
  const tally = createTally<Count>(about, 'gauge', () => ({ value: 0 }), samplesOfCount)
  for (const [labels, value] of now) tally.at(...labels).value += value
  return tally.family()
}

const samplesOfCount = (labels: Sample['labels'], { value }: Count): readonly Sample[] => [{ labels, value }]

export interface Spread {
  observe(value: number): void
  /** How often in each bucket, the last of which has no bound. */
  readonly counts: readonly number[]
  sum(): number
}

/** @param bounds the upper bounds of the buckets, in order */
export function createHistogram(about: About, bounds: readonly number[]): Tally<Spread> {
  const { name } = about
  const begin = (): Spread => {
    const counts = Array.from({ length: bounds.length + 1 }, () => 0)
    let sum = 0
    return {
      observe(value) {
        let bucket = 0
        while (bucket < bounds.length && value > (bounds[bucket] ?? 0)) bucket++
        counts[bucket] = (counts[bucket] ?? 0) + 1
        sum += value
      },
      counts,
      sum: () => sum,
    }
  }
  return createTally(about, 'histogram', begin, (labels, { counts, sum }) => {
    let total = 0
    const buckets = counts.map((count, index) => {
      total += count
      return { labels: { ...labels, le: bounds[index] ?? '+Inf' }, value: total, metricName: `${name}_bucket` }
    })
    return [
      ...buckets,
      { labels, value: sum(), metricName: `${name}_sum` },
      { labels, value: total, metricName: `${name}_count` },
    ]
  })
}
