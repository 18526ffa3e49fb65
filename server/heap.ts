/** How V8 is told to keep its memory. */
import { setFlagsFromString } from 'node:v8'

/**
 * Lets garbage be collected early. Left alone, V8 lets it grow to hundreds of MB before it looks at it: what a slow
 * reader, or 10,000 fixtures that were played once, would cost. To be called before the server is loaded: what has
 * grown by then stays.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--heap-growing-percent=20')
}
