/** How those who look after fixtures show how far they are. */

export interface Progress {
  /** Begins to show how much of `total` things is done. */
  progress(
    total: number,
    unit: string,
  ): {
    /** @param note what is shown beside it, such as the tokens so far */
    step(note?: string): void
    stop(): void
  }
}
