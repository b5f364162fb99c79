import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** A built program of the stand while it runs. */
export interface Program {
  readonly pid: number;
  /** What it has said so far, line by line, on either output. */
  readonly lines: readonly string[];
  /** Resolves with the first line, also an earlier one, that matches. Rejects when the program ends without it. */
  says(pattern: RegExp): Promise<string>;
  /** Every process that it has started, and those that they have started. */
  children(): readonly number[];
  signal(name: NodeJS.Signals): void;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** A program ended before it said what was waited for. */
export class ProgramEndedError extends Error {
  override readonly name = 'ProgramEndedError';
}

/** `node`: the Node that runs it, and all that it starts. `environment` comes on top of this process's own. */
export function startProgram(
  file: string,
  args: readonly string[],
  node: string = process.execPath,
  environment: Readonly<Record<string, string>> = {},
): Program {
  const env = { ...process.env, ...environment };
  const child = spawn(node, [file, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
  const lines: string[] = [];
  const listeners = new Set<(line: string) => void>();
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => {
      lines.push(line);
      for (const listener of listeners) listener(line);
    });
  }
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? code ?? 0));
  });
  return {
    pid: child.pid ?? 0,
    lines,
    ended,
    children: () => childrenOf(child.pid ?? 0),
    signal: (name) => void child.kill(name),
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const hear = (line: string): void => {
          if (!pattern.test(line)) return;
          listeners.delete(hear);
          resolve(line);
        };
        listeners.add(hear);
        for (const line of lines) hear(line);
        void ended.then((how) => reject(new ProgramEndedError(`ended with ${how}:\n${lines.join('\n')}`)));
      }),
  };
}

/** Runs a program to its end. */
export async function runProgram(file: string, args: readonly string[], node: string = process.execPath) {
  const program = startProgram(file, args, node);
  return { code: await program.ended, text: program.lines.join('\n') };
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** All processes below `root`, found by the parent that each names. */
export function childrenOf(root: number): readonly number[] {
  const parents = existsSync('/proc/self/stat') ? parentsFromProc() : parentsFromPs();
  const found = new Set([root]);
  for (let before = 0; before < found.size; ) {
    before = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  found.delete(root);
  return [...found];
}

function parentsFromProc(): readonly (readonly [number, number])[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    try {
      // pid (name, which may hold anything) state parent …
      const parent = /.*\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
      return [[Number(pid), Number(parent)] as const];
    } catch {
      return [];
    }
  });
}

/** Where there is no /proc, as on macOS. */
function parentsFromPs(): readonly (readonly [number, number])[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=']).toString().trim().split('\n');
  return lines.map((line) => {
    const [pid, parent] = line.trim().split(/\s+/).map(Number);
    return [pid ?? 0, parent ?? 0] as const;
  });
}
