/** Pieces of a body become one buffer while they come: kept until the end, they would take twice as much. */

export interface Gathering {
  add(piece: Uint8Array): void
  /** All of it. */
  whole(): Uint8Array
}

/** The smallest buffer for several pieces, in bytes. Larger ones are given back to the machine when they are let go. */
const FIRST_BYTES = 256 * 1024

/** Gathers pieces; one alone is not copied. */
export const createGathering = (): Gathering => new Pieces()

class Pieces implements Gathering {
  /** Of one that is empty, too, nobody else has the same. */
  #buffer: Uint8Array = new Uint8Array()
  #used = 0

  add(piece: Uint8Array): void {
    if (this.#used === 0) this.#buffer = piece
    else {
      const needed = this.#used + piece.byteLength
      if (needed > this.#buffer.byteLength) this.#grow(needed)
      this.#buffer.set(piece, this.#used)
    }
    this.#used += piece.byteLength
  }

  whole(): Uint8Array {
    return this.#used === this.#buffer.byteLength ? this.#buffer : this.#buffer.subarray(0, this.#used)
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, 2 * this.#buffer.byteLength, needed))
    larger.set(this.#buffer.subarray(0, this.#used))
    this.#buffer = larger
  }
}
