/** Runs jobs in the order given, at most `width` at a time. A job deals with its own errors. */
export class Lanes {
  readonly #width: number;
  readonly #waiting: (() => Promise<void>)[] = [];
  #next = 0;
  #running = 0;

  constructor(width: number) {
    this.#width = width;
  }

  add(job: () => Promise<void>): void {
    this.#waiting.push(job);
    this.#fill();
  }

  /** Forgets the jobs that have not begun. */
  clear(): void {
    this.#waiting.length = 0;
    this.#next = 0;
  }

  #fill(): void {
    while (this.#running < this.#width) {
      const job = this.#waiting[this.#next];
      if (job === undefined) return;
      this.#next += 1;
      this.#trim();
      this.#running += 1;
      void job().finally(() => {
        this.#running -= 1;
        this.#fill();
      });
    }
  }

  /** Begun jobs leave the list now and then, all at once: `shift` on a long list is slow. */
  #trim(): void {
    if (this.#next < 1000 && this.#next < this.#waiting.length) return;
    this.#waiting.splice(0, this.#next);
    this.#next = 0;
  }
}
