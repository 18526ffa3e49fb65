/** Which view an address leads to. A new view is one folder and one row. */
import type { ComponentChildren } from 'preact'
import { CompareView } from '../compare/view.tsx'
import { FixtureView } from '../fixture/view.tsx'
import { ListView } from '../fixtures/view.tsx'
import { LiveView } from '../live/view.tsx'
import { type Address } from './address.ts'

type Show = (rest: readonly string[], query: URLSearchParams) => ComponentChildren

/** By the first part of the path. */
const VIEWS: Readonly<Record<string, Show>> = {
  fixtures: ([name]) => (name === undefined ? <ListView /> : <FixtureView key={name} name={name} />),
  compare: ([name = '', other]) => <CompareView key={`${name} ${other}`} name={name} other={other} />,
  live: () => <LiveView />,
}

/** The view at an address; undefined if there is none. */
export const viewAt = ({ path: [view = 'fixtures', ...rest], query }: Address): ComponentChildren =>
  Object.hasOwn(VIEWS, view) ? VIEWS[view]?.(rest, query) : undefined
