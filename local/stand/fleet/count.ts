import type { TrafficSum } from '../../arm/traffic.ts';

/** One machine of the fleet as the stand sees it, by none of the app's code. */
export interface FleetMachine {
  /** ARM id. */
  readonly machine: string;
  /** From 1 on. */
  readonly wave: number;
  /** It was told to take a version into use: a command was written to it. */
  readonly isTold: boolean;
  /** SHA-256 of the certificate that its application uses now; `null`: none. */
  readonly servedSha256: string | null;
}

/** One wave at one moment. */
export interface WaveCount {
  readonly wave: number;
  readonly machines: number;
  /** Machines that were told to take the new version. */
  readonly told: number;
  /** Machines whose application uses the new version. */
  readonly serving: number;
}

/** What the stand sees of a rollout at one moment. */
export interface FleetCount {
  readonly waves: readonly WaveCount[];
  readonly arm: TrafficSum;
  /** Of the app's own view: `stage`, and how many targets it has verified. */
  readonly stage: string;
  readonly verified?: string;
  readonly seconds: number;
}

/** Counts machines by wave. `newSha256`: absent while there is no new version. */
export function countWaves(machines: readonly FleetMachine[], newSha256: string | undefined): readonly WaveCount[] {
  const last = Math.max(0, ...machines.map(({ wave }) => wave));
  return Array.from({ length: last }, (_, index) => {
    const own = machines.filter(({ wave }) => wave === index + 1);
    return {
      wave: index + 1,
      machines: own.length,
      told: own.filter(({ isTold }) => isTold).length,
      serving: own.filter(({ servedSha256 }) => newSha256 !== undefined && servedSha256 === newSha256).length,
    };
  });
}

/** A wave that nobody was told of has not begun; one whose machines all serve the new version has no more to do. */
export function stateOf({ machines, told, serving }: WaveCount): 'waits' | 'goes on' | 'is served' {
  if (told === 0) return 'waits';
  return serving === machines ? 'is served' : 'goes on';
}
