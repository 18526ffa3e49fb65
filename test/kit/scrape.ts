/** Reads what `GET /metrics` answers, as strictly as a scraper does. */
import { expect } from 'vitest'

export interface Scraped {
  /** The value of a series, by its name and its labels in any order; undefined if there is no such series. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined
  /** All series of the server itself, without those of the process: `name{labels}`. */
  readonly own: readonly string[]
  /** The values of one label, wherever it is. */
  values(label: string): readonly string[]
}

const SAMPLE = /^([a-z_\d]+)(?:\{(.*)\})? (-?[\d.e+-]+|\+Inf|NaN)$/i
const LABEL = /([a-z_\d]+)="((?:[^"\\\n]|\\.)*)"/g

const keyOf = (name: string, labels: Readonly<Record<string, string>>): string =>
  `${name}{${Object.entries(labels)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, value]) => `${label}="${value}"`)
    .join(',')}}`

export function parseMetrics(text: string): Scraped {
  const series = new Map<string, number>()
  const labelled: (readonly [string, string])[] = []
  const typed = new Set<string>()
  for (const line of text.split('\n').filter(Boolean)) {
    const [, about] = /^# (?:HELP|TYPE) ([a-z_\d]+) .+$/.exec(line) ?? []
    if (about !== undefined) {
      typed.add(about)
      continue
    }
    const [, name = '', inside = '', value = ''] = SAMPLE.exec(line) ?? []
    expect(name, line).not.toBe('')
    expect(typed, line).toContain(typed.has(name) ? name : name.replace(/_(?:bucket|sum|count)$/, ''))
    const labels = [...inside.matchAll(LABEL)].map(([, label = '', its = '']) => [label, its] as const)
    expect(labels.map(([label, its]) => `${label}="${its}"`).join(','), line).toBe(inside)
    labelled.push(...labels)
    const key = keyOf(name, Object.fromEntries(labels))
    expect(series.has(key), `${line}, twice`).toBe(false)
    series.set(key, Number(value.replace('+Inf', 'Infinity')))
  }
  return {
    value: (name, labels = {}) => series.get(keyOf(name, labels)),
    own: [...series.keys()].filter((key) => /^(?:deltatape|gen_ai)_/.test(key)).toSorted(),
    values: (label) => [...new Set(labelled.filter(([name]) => name === label).map(([, value]) => value))].toSorted(),
  }
}

/** Asks a server. */
export async function scrape(url: string, headers: Record<string, string> = {}): Promise<Scraped> {
  const response = await fetch(`${url}/metrics`, { headers })
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  return parseMetrics(await response.text())
}
