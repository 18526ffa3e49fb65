/** Two timelines above each other on one axis, with a line across both where one points or goes by keys. */
import { useSignal } from '@preact/signals'
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import type { Compared } from '../../server/serve/page/data.ts'
import { theme } from '../app/theme.ts'
import { Card } from '../parts/card.tsx'
import { coloursNow } from '../parts/colours.ts'
import { counted, duration } from '../parts/format.ts'
import { nameOfLane } from '../parts/lanes.ts'
import { type Scale, timeAt, wholeOf, xOf } from '../parts/scale.ts'
import { Swatch } from '../parts/swatch.tsx'
import { drawStrips } from './draw.ts'
import { measuresOf } from './figures.ts'
import { Measures } from './measures.tsx'
import { EDGE, type Strip, stateAt, stripsOf } from './strips.ts'

const SIDES = ['Before', 'After'] as const

export function Timelines({ before, after }: Compared) {
  const strips = useMemo(() => stripsOf([before, after]), [before, after])
  const end = Math.max(before.durationMs, after.durationMs)
  const time = useSignal<number | undefined>(undefined)
  const at = time.value
  const told =
    at === undefined
      ? undefined
      : `${duration(at)} · ${strips.map(({ view }, side) => `${SIDES[side]?.toLowerCase()}: ${stateText(view, at)}`).join(' · ')}`
  return (
    <Card title="Timelines" class="timelines" note={told ?? 'On one axis. Point at them, or use the arrow keys.'}>
      <div class="strips">
        <Labels strips={strips} />
        <Plot strips={strips} end={end} time={time} told={told} />
      </div>
      <Measures figures={measuresOf({ before, after })} />
    </Card>
  )
}

function stateText(view: Compared['before'], at: number): string {
  const { records, chars } = stateAt(view, at)
  return `${counted(records, 'record')}, ${counted(chars, 'character')}`
}

const Labels = ({ strips }: { readonly strips: readonly Strip[] }) => (
  <div class="lane-names" aria-hidden="true">
    {strips.map(({ view, lanes, lanesTop }, side) => (
      <div key={view.name}>
        <span class="side" style={{ top: `${lanesTop - 24}px` }}>
          {SIDES[side]}
        </span>
        {lanes.map(({ kind, items, top }) => (
          <span key={kind} class="lane" style={{ top: `${top - 1}px` }}>
            <Swatch kind={kind} /> {nameOfLane(kind, lanes.length === 1)} <span class="count">{items.length}</span>
          </span>
        ))}
      </div>
    ))}
  </div>
)

interface PlotProps {
  readonly strips: readonly Strip[]
  readonly end: number
  readonly time: { value: number | undefined }
  readonly told: string | undefined
}

/** How far a key goes, as a part of the whole. */
const STEP = 0.01

function Plot({ strips, end, time, told }: PlotProps) {
  const frame = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const width = useWidth(frame)
  const scale: Scale = { ...wholeOf(end), width: Math.max(0, width - 2 * EDGE) }
  const height = strips.at(-1)?.bottom ?? 0
  useLayoutEffect(() => draw(canvas.current, scale, strips, height), [strips, width, theme.value])

  const clamp = (next: number): number => Math.max(0, Math.min(scale.to, next))
  const point = ({ clientX }: PointerEvent): void => {
    const left = frame.current?.getBoundingClientRect().left ?? 0
    time.value = clamp(timeAt(scale, clientX - left - EDGE))
  }
  const press = (event: KeyboardEvent): void => {
    const now = time.value ?? 0
    const step = scale.to * STEP * (event.shiftKey ? 10 : 1)
    if (event.key === 'ArrowRight' || event.key === 'ArrowUp')
      time.value = clamp(time.value === undefined ? 0 : now + step)
    else if (event.key === 'ArrowLeft' || event.key === 'ArrowDown') time.value = clamp(now - step)
    else if (event.key === 'Home') time.value = 0
    else if (event.key === 'End') time.value = scale.to
    else if (event.key === 'Escape') time.value = undefined
    else return
    event.preventDefault()
  }
  return (
    <div
      ref={frame}
      class="plot"
      role="slider"
      tabIndex={0}
      aria-label="A time in both recordings"
      aria-valuemin={0}
      aria-valuemax={Math.round(scale.to)}
      aria-valuenow={Math.round(time.value ?? 0)}
      aria-valuetext={told ?? 'no time is chosen'}
      style={{ height: `${height}px` }}
      onPointerMove={point}
      onPointerDown={point}
      onPointerLeave={() => (time.value = undefined)}
      onKeyDown={press}
    >
      <canvas ref={canvas} aria-hidden="true" />
      {time.value !== undefined && (
        <span class="cursor" style={{ transform: `translateX(${EDGE + xOf(scale, time.value)}px)` }} />
      )}
    </div>
  )
}

function useWidth(frame: { readonly current: HTMLElement | null }): number {
  const width = useSignal(0)
  useLayoutEffect(() => {
    const element = frame.current
    if (!element) return undefined
    const sized = new ResizeObserver(() => (width.value = element.clientWidth))
    width.value = element.clientWidth
    sized.observe(element)
    return () => sized.disconnect()
  }, [])
  return width.value
}

function draw(canvas: HTMLCanvasElement | null, scale: Scale, strips: readonly Strip[], height: number): void {
  const pen = canvas?.getContext('2d')
  if (!canvas || !pen || scale.width <= 0) return
  const ratio = devicePixelRatio || 1
  const width = scale.width + 2 * EDGE
  canvas.width = Math.round(width * ratio)
  canvas.height = Math.round(height * ratio)
  canvas.style.width = `${width}px`
  canvas.style.height = `${height}px`
  pen.setTransform(ratio, 0, 0, ratio, EDGE * ratio, 0)
  pen.clearRect(-EDGE, 0, width, height)
  drawStrips({ pen, scale, colours: coloursNow() }, strips)
}
