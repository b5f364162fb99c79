import type { PipelineRequest } from '@azure/core-rest-pipeline';
import { Aborted } from './wire.ts';
import type { World } from './world.ts';

/**
 * The line between one life of the app's process and everything else. When that life ends, nothing that waits on the line
 * ever goes on: calls of a dead process settle no more, and have no further effect.
 */
export class Line {
  readonly #world: World;
  readonly life: number;
  readonly died: Promise<void>;
  #die: () => void = () => undefined;
  isAlive = true;

  constructor(world: World, life: number) {
    this.#world = world;
    this.life = life;
    this.died = new Promise((resolve) => {
      this.#die = resolve;
    });
  }

  cut(): void {
    this.isAlive = false;
    this.#die();
  }

  /** Milliseconds on the way. */
  latency(): number {
    return this.#world.dice.scale('latency', 1, 400);
  }

  /** Resolves when it is this caller's turn; never when the process has died meanwhile. */
  turn(milliseconds = this.latency(), signal?: PipelineRequest['abortSignal']): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(new Aborted());
        return;
      }
      const { clock } = this.#world;
      const onAbort = (): void => {
        cancel();
        clock.disturb();
        if (this.isAlive) reject(new Aborted());
      };
      const cancel = clock.after(milliseconds, () => {
        signal?.removeEventListener('abort', onAbort);
        if (this.isAlive) resolve();
      });
      signal?.addEventListener('abort', onAbort);
    });
  }
}
