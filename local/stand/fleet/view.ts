import type { FleetCount, WaveCount } from './count.ts';
import { stateOf } from './count.ts';

const marks = { waits: '○', 'goes on': '◐', 'is served': '●' } as const;

/** The rollout as a few lines, for a terminal that is painted over and over. */
export function blockOf({ waves, stage, verified, seconds, arm }: FleetCount): readonly string[] {
  return [
    'wave    machines  told  serve the new certificate',
    ...waves.map(
      (wave) =>
        `${marks[stateOf(wave)]} ${wave.wave} of ${waves.length}${String(wave.machines).padStart(9)}${String(wave.told).padStart(6)}${String(wave.serving).padStart(6)}`,
    ),
    `${clock(seconds)}  ${stage}${verified === undefined ? '' : `, verified ${verified}`}; ${armText(arm)}`,
  ];
}

/** What has changed since, a line a wave: for terminals that are none, and for logs. */
export function linesOf(now: FleetCount, before: FleetCount | undefined): readonly string[] {
  return now.waves.flatMap((wave, index) => {
    const was = before?.waves[index];
    const news = newsOf(wave, was);
    if (news === undefined) return [];
    return [`${clock(now.seconds)}  wave ${wave.wave} of ${now.waves.length}: ${news}; ${armText(now.arm)}`];
  });
}

function newsOf(wave: WaveCount, was: WaveCount | undefined): string | undefined {
  const { machines, told, serving } = wave;
  const state = stateOf(wave);
  if (state === (was === undefined ? 'waits' : stateOf(was))) return undefined;
  if (state === 'is served') return `all ${machines} serve the new certificate`;
  return `${told} of ${machines} machines told, ${serving} serve the new certificate`;
}

/** How a rollout ended, a line a wave. */
export function endOf({ waves, arm }: FleetCount): readonly string[] {
  const lines = waves.map(({ wave, machines, told, serving }) => {
    if (told === 0 && serving === 0) return `wave ${wave} of ${waves.length}: ${machines} machines, untouched`;
    const others = machines - serving;
    const rest = others === 0 ? '' : `, ${others} do not`;
    return `wave ${wave} of ${waves.length}: ${machines} machines, ${told} told, ${serving} serve the new certificate${rest}`;
  });
  return [...lines, armText(arm)];
}

export function armText({ writes, reads, throttled }: FleetCount['arm']): string {
  return `ARM ${writes} writes, ${reads} reads, ${throttled} × 429`;
}

function clock(seconds: number): string {
  return `${seconds.toFixed(1).padStart(5)} s`;
}

/** Shows a rollout while it goes on. */
export interface Painter {
  paint(count: FleetCount): void;
  /** Leaves what was painted last where it is. */
  end(): void;
}

/** A terminal is painted over; anything else gets a line for what has changed. */
export function createPainter(out: { readonly isTTY?: boolean; write(text: string): unknown }): Painter {
  let painted = 0;
  let before: FleetCount | undefined;
  return {
    paint(count) {
      if (out.isTTY) {
        const block = blockOf(count);
        // Up to where the last one began, and away with it.
        const over = painted === 0 ? '' : `\u001b[${painted}A\u001b[0J`;
        out.write(`${over}${block.join('\n')}\n`);
        painted = block.length;
        return;
      }
      for (const line of linesOf(count, before)) out.write(`${line}\n`);
      before = count;
    },
    end() {
      painted = 0;
    },
  };
}
