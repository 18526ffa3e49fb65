/** Samples → figures; figures → text for a terminal, Markdown and JSON. */
import { availableParallelism, cpus } from 'node:os'
import type { Goal, Row, Table } from './scenario.ts'
import { median } from './statistics.ts'

/** What a row comes to. */
export interface Figure {
  readonly what: string
  /** The medians over the rounds. */
  readonly ours: number
  readonly against?: number
  /** The median of the ratios within each round. */
  readonly ratio?: number
  readonly goal?: Goal
  readonly reached?: boolean
}

export function figureOf({ what, ours, against, goal }: Row): Figure {
  const ratio = against && median(ours.map((sample, round) => sample / (against[round] ?? Number.NaN)))
  return {
    what,
    ours: median(ours),
    ...(against ? { against: median(against) } : {}),
    ...(ratio === undefined ? {} : { ratio }),
    ...(goal ? { goal, reached: reaches(ratio ?? median(ours), goal.is, goal.bound) } : {}),
  }
}

/** @param tolerance how many times worse than the bound still counts */
export function reaches(value: number, is: Goal['is'], bound: number, tolerance = 1): boolean {
  return is === 'at least' ? value >= bound / tolerance : value <= bound * tolerance
}

export interface Machine {
  readonly date: string
  readonly node: string
  readonly platform: string
  readonly cpu: string
  readonly cores: number
}

/** Where the figures come from: without it, a figure means nothing. */
export const machine = (): Machine => ({
  date: new Date().toISOString(),
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  cpu: cpus()[0]?.model.trim() ?? '',
  cores: availableParallelism(),
})

/** The lines above the tables. */
export const headOf = ({ date, node, platform, cpu, cores }: Machine, rounds: number): string =>
  `${date.slice(0, 10)}, Node ${node}, ${platform}, ${cores} cores, ${cpu}
Medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'} (some scenarios take fewer); ratio: deltatape / against`

const shown = (value: number | undefined): string => {
  if (value === undefined || Number.isNaN(value)) return ''
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : 3
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

const goalText = (goal: Goal | undefined): string =>
  goal ? `${goal.is === 'at least' ? '>=' : '<='} ${goal.bound}` : ''

const verdict = ({ reached }: Figure): string => (reached === undefined ? '' : reached ? 'reached' : 'missed')

const cells = (figure: Figure): string[] => [
  figure.what,
  shown(figure.ours),
  shown(figure.against),
  figure.ratio === undefined ? '' : figure.ratio.toFixed(2),
  goalText(figure.goal),
  verdict(figure),
]

const HEADINGS = ['', 'deltatape', 'against', 'ratio', 'goal', '']
const WIDTHS = [33, -11, -11, -7, -8, -8]

/** A table for a terminal of 80 columns. */
export function textOf({ title, unit, rows }: Table): string {
  const line = (texts: readonly string[]) =>
    texts
      .map((text, column) => {
        const width = WIDTHS[column] ?? 0
        return width > 0 ? text.padEnd(width) : text.padStart(-width)
      })
      .join('')
      .trimEnd()
  const [, ...headings] = HEADINGS
  return [`${title}: ${unit}`, line(['', ...headings]), ...rows.map((row) => line(cells(figureOf(row))))].join('\n')
}

/** The same as Markdown, all tables of a run. */
export function markdownOf(where: Machine, rounds: number, tables: readonly Table[]): string {
  const parts = tables.map(({ title, unit, rows }) => {
    const lines = [HEADINGS, ['---', '---:', '---:', '---:', '---', '---'], ...rows.map((row) => cells(figureOf(row)))]
    return [`**${title}: ${unit}**`, '', ...lines.map((texts) => `| ${texts.join(' | ')} |`)].join('\n')
  })
  return `${[headOf(where, rounds), ...parts].join('\n\n')}\n`
}

/** The same as JSON, with all samples. */
export function jsonOf(where: Machine, rounds: number, tables: readonly Table[]): string {
  const measured = tables.map(({ title, unit, rows }) => ({
    title,
    unit,
    rows: rows.map((row) => ({ ...figureOf(row), samples: { ours: row.ours, against: row.against } })),
  }))
  return `${JSON.stringify({ machine: where, rounds, tables: measured }, undefined, 2)}\n`
}
