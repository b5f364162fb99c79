import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { knownScripts } from '../../../../local/arm/compute/guest.ts';
import { sha256Hex } from '../../../../src/certificate/fingerprint.ts';
import { commandBody } from '../../../../src/targets/guest-command.ts';
import { linuxScript } from '../../../../src/targets/scripts/linux.ts';
import { windowsScript } from '../../../../src/targets/scripts/windows.ts';

/** What administrators may have allowed by its hash: a change is a change of the product, and stands in docs and changelog. */
const pinned = {
  linux: '78c4c6d888d82e6bfc0ef887ae73fba134324a9173c5d08e1036a446751383be',
  windows: '74c03baa802ac4695c12186e80298d485ccde30901b413a6779d6e01236f161d',
};

describe('the scripts that run on machines', () => {
  const hashes = { linux: sha256Hex(Buffer.from(linuxScript)), windows: sha256Hex(Buffer.from(windowsScript)) };

  it('are the bytes that are pinned', () => {
    expect(hashes).toEqual(pinned);
  });

  it('have their hashes in the documentation', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../../docs/targets/virtual-machine.md'), 'utf8');
    expect([...page.matchAll(/`([0-9a-f]{64})`/g)].map(([, hash]) => hash)).toEqual([hashes.linux, hashes.windows]);
  });

  it('are those that the stand understands', () => {
    expect(knownScripts).toEqual(hashes);
  });

  it.each([
    ['Linux', linuxScript],
    ['Windows', windowsScript],
  ])('of %s is plain ASCII with one kind of line end, and small', (_os, script) => {
    expect(script).toMatch(/^[\x20-\x7e\n]+$/);
    expect(script.length).toBeLessThan(10_000);
  });

  it('are the same bytes whatever they are told, even what no plan lets through', () => {
    const version = { vault: '$(id)', vaultResourceId: '', name: '`id`', version: '', sha256: '";', thumbprint: '' };
    for (const os of ['linux', 'windows'] as const) {
      const guest = { os, path: '$(id)', service: '"; id', waitSeconds: 5 };
      const command = { guest, mode: 'deploy', version: { ...version, renewalId: "'; id" }, asked: '1' } as const;
      const script = os === 'linux' ? linuxScript : windowsScript;
      expect(commandBody(command, 'westeurope')).toMatchObject({ properties: { source: { script } } });
    }
  });

  it('never evaluates a value', () => {
    expect(linuxScript).not.toMatch(/\beval\b|\bsource\b|\bbash -c|\bsh -c|`/);
    expect(windowsScript).not.toMatch(/Invoke-Expression|\biex\b|ScriptBlock|Start-Process|-Command|`/i);
  });
});
