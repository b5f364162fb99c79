// The bill of materials of the bundle: CycloneDX 1.5 (https://cyclonedx.org/docs/1.5/json/), made from what the bundler
// has taken in. `npm sbom` lists all that is installed; most of that is in no bundle.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** What the bundler writes of its own into a bundle. */
const RUNTIME = '\0rolldown/runtime.js';

/**
 * The bill as text, the same for the same bundle: without time and serial number, both of which are optional.
 * `modules`: the ids of the bundled modules, as rolldown names them. `bundle`: the bytes that are shipped.
 * Throws when a module is of a package that the lock file does not know: its version would be a guess.
 */
export async function billOfMaterials({ modules, bundle, version, folder = process.cwd() }) {
  const lock = JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8')).packages;
  const places = [...new Set(modules.flatMap((id) => placeOf(id, folder) ?? []))].sort();
  const components = await Promise.all(places.map((place) => componentOf(place, lock, folder)));
  const app = `perennial@${version}`;
  const bill = {
    $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: {
      tools: [{ vendor: 'rolldown', name: 'rolldown', version: lock['node_modules/rolldown'].version }],
      component: {
        ...{ type: 'application', 'bom-ref': app, name: 'perennial', version },
        licenses: [{ license: { id: lock[''].license } }],
        components: [{ type: 'file', name: 'functions.cjs', hashes: [hashOf('SHA-256', sha256(bundle))] }],
      },
    },
    components: once(components),
    dependencies: graph(['', ...places], lock, (place) => (place === '' ? app : refOf(place, lock))),
  };
  return `${JSON.stringify(bill, null, 2)}\n`;
}

/** Of a module's package, the folder as the lock file names it; `undefined` for our own modules. */
function placeOf(id, folder) {
  if (id === RUNTIME) return 'node_modules/rolldown';
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(relative(folder, id).replaceAll('\\', '/'))?.[0];
}

const nameOf = (place) => place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);

function refOf(place, lock) {
  const entry = lock[place];
  if (entry === undefined) throw new TypeError(`${place} is bundled, and package-lock.json does not know it: npm ci`);
  return `${nameOf(place)}@${entry.version}`;
}

async function componentOf(place, lock, folder) {
  const ref = refOf(place, lock);
  const { version, integrity, license } = lock[place];
  const name = nameOf(place);
  return {
    ...{ type: 'library', 'bom-ref': ref, name, version, scope: 'required' },
    hashes: [hashOf('SHA-512', Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex'))],
    licenses: [licenceOf(license, await licenceText(join(folder, place)))],
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
  };
}

/** The text goes with it: most licences ask that whoever passes the code on passes it on too. */
function licenceOf(licence, content) {
  if (/\s/.test(licence)) return { expression: licence };
  return { license: { id: licence, ...(content !== undefined && { text: { contentType: 'text/plain', content } }) } };
}

/** Of a file of its own, or of the end of the README, where a few old packages have it; some name their licence only. */
async function licenceText(folder) {
  const names = (await readdir(folder)).sort();
  const own = names.find((name) => /^licen[cs]e/i.test(name));
  if (own !== undefined) return readFile(join(folder, own), 'utf8');
  const readme = names.find((name) => /^readme/i.test(name));
  const text = readme === undefined ? '' : await readFile(join(folder, readme), 'utf8');
  return /^(?:#+ )?Licen[cs]e\n[\s\S]*Permission is hereby granted[\s\S]*/m.exec(text)?.[0];
}

/** A package that is installed twice in one version is one component. */
function once(components) {
  return [...new Map(components.map((component) => [component['bom-ref'], component])).values()];
}

/** Which bundled package needs which: as Node looks for them, from the innermost folder outwards. */
function graph(places, lock, refAt) {
  const needs = new Map();
  for (const place of places) {
    const names = Object.keys({ ...lock[place].dependencies, ...lock[place].optionalDependencies });
    const found = names.map((name) => nearest(place, name, places)).filter((other) => other !== undefined);
    needs.set(refAt(place), new Set([...(needs.get(refAt(place)) ?? []), ...found.map(refAt)]));
  }
  return [...needs].map(([ref, others]) => ({ ref, dependsOn: [...others].sort() }));
}

function nearest(place, name, places) {
  for (let at = place; ; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/') - 1))) {
    const candidate = at === '' ? `node_modules/${name}` : `${at}/node_modules/${name}`;
    if (places.includes(candidate)) return candidate;
    if (at === '') return undefined;
  }
}

function hashOf(alg, content) {
  return { alg, content };
}

function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}
