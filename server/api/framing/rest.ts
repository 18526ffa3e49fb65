/** The bytes of a record that is under way. */

/** How large the memory for them is at first, and one further piece of it at most. In bytes. */
const [MIN_BLOCK, MAX_BLOCK] = [1024, 1024 * 1024]

export interface Rest {
  /** How many bytes were added. */
  length(): number
  add(more: Buffer): void
  /** The last byte that was added. */
  last(): number | undefined
  /** The first bytes, at most 1024, as far as they came. */
  first(count: number): Buffer
  /** Gives what was added, with `last` after it, and begins anew. The memory is that of `last` if nothing was added. */
  take(last: Buffer): Buffer
}

/** Keeps bytes in blocks: many small pieces cost no more than one, and nothing is copied twice. */
export function createRest(): Rest {
  const blocks: Buffer[] = []
  /** How much of the last block is used. */
  let used = 0
  let length = 0
  const add = (more: Buffer): void => {
    for (let from = 0; from < more.length;) {
      let block = blocks.at(-1)
      if (block === undefined || used === block.length) {
        block = Buffer.allocUnsafe(Math.min(Math.max(length, more.length - from, MIN_BLOCK), MAX_BLOCK))
        blocks.push(block)
        used = 0
      }
      const count = more.copy(block, used, from)
      from += count
      used += count
      length += count
    }
  }
  return {
    length: () => length,
    add,
    last: () => blocks.at(-1)?.[used - 1],
    first: (count) => blocks[0]?.subarray(0, Math.min(count, length)) ?? Buffer.alloc(0),
    take(last) {
      if (length === 0) return last
      add(last)
      const all = Buffer.concat(blocks, length)
      blocks.length = 0
      length = 0
      return all
    },
  }
}
