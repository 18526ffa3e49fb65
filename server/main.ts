/** The server as a process: what `deltatape serve` runs, by its environment alone. */
import { keepHeapSmall } from './serve/heap.ts'

keepHeapSmall()

// Only now: the heap keeps whatever size it has grown to while the server is loaded.
const { serve, withExitCode } = await import('./serve/process.ts')

await withExitCode(process, () => serve(process, process.env))
