import { describe, expect, it } from 'vitest';
import { knownScripts } from '../../../../local/arm/compute/guest.ts';
import { sha256Hex } from '../../../../src/certificate/fingerprint.ts';
import { linuxScript } from '../../../../src/targets/scripts/linux.ts';
import { windowsScript } from '../../../../src/targets/scripts/windows.ts';

/** What administrators may have allowed by its hash: a change is a change of the product, and stands in docs and changelog. */
const pinned = {
  linux: 'f13d7df5ede0eba828f99d396fb4558f07cc93c169ee097ca6963e9c3d0ee287',
  windows: '58a15bf6876e80c8c72396aa09179dbffa652cf752c83f8d10527b740be53381',
};

describe('the scripts that run on machines', () => {
  const hashes = { linux: sha256Hex(Buffer.from(linuxScript)), windows: sha256Hex(Buffer.from(windowsScript)) };

  it('are the bytes that are pinned', () => {
    expect(hashes).toEqual(pinned);
  });

  it('are those that the stand understands', () => {
    expect(knownScripts).toEqual(hashes);
  });

  it.each([
    ['Linux', linuxScript],
    ['Windows', windowsScript],
  ])('of %s is plain ASCII with one kind of line end, and small', (_os, script) => {
    expect(script).toMatch(/^[\x20-\x7e\n]+$/);
    expect(script.length).toBeLessThan(8192);
  });

  it('never evaluates a value', () => {
    expect(linuxScript).not.toMatch(/\beval\b|\bsource\b|\bbash -c|\bsh -c|`/);
    expect(windowsScript).not.toMatch(/Invoke-Expression|\biex\b|ScriptBlock|Start-Process|-Command|`/i);
  });
});
