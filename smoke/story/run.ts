import type { App } from '../app.ts';
import type { Arm } from '../arm.ts';
import type { EstateBlob } from '../estate.ts';
import type { Ledger } from '../ledger.ts';
import type { Names } from '../names.ts';
import type { Config } from '../options.ts';
import type { Prepared } from '../prepare.ts';
import type { Finding, Findings } from '../report.ts';
import type { RuleId } from '../rules.ts';
import type { VaultDoor } from '../vault.ts';

/** What every part of a run works with. */
export interface Run {
  readonly config: Config;
  readonly names: Names;
  readonly prepared: Prepared;
  readonly arm: Arm;
  readonly app: App;
  readonly estate: EstateBlob;
  readonly vault: VaultDoor;
  readonly ledger: Ledger;
  readonly signal: AbortSignal;
  /** One line for whoever waits. */
  readonly print: (line: string) => void;
  /** What was seen, kept at once: an end in the middle loses nothing. */
  readonly found: (id: RuleId, finding: Finding) => void;
}

/** Collects findings. */
export function createFindings(): { readonly all: Findings; readonly found: Run['found'] } {
  const all: Partial<Record<RuleId, Finding>> = {};
  return {
    all,
    found: (id, finding) => {
      all[id] = finding;
    },
  };
}
