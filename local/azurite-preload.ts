import { pathToFileURL } from 'node:url';

// Modules that Azurite's process loads before Azurite. As data URLs they are part of this file, also when it is bundled.

const modules = (source: string): string => `data:text/javascript,${encodeURIComponent(source)}`;

/**
 * Ends Azurite when its standard input ends, and that is when its parent is gone, however it died: nothing else in Azurite
 * reads standard input.
 */
export const dieWithParent = modules(
  "process.stdin.on('end', () => process.kill(process.pid, 'SIGTERM')).on('error', () => {}).resume();",
);

/**
 * Holds every answer to a write back until Azurite's databases are on disk, and answers 500 when they cannot be. LokiJS
 * forgets that a database has unsaved changes as soon as it begins to save it: after a save that failed it is told again.
 */
export function writeBeforeAnswer(program: string): string {
  return modules(`
import { ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
const { prototype } = createRequire(${JSON.stringify(pathToFileURL(program).href)})('lokijs');
const databases = new Set();
const { saveDatabase } = prototype;
prototype.saveDatabase = function (done) {
  databases.add(this);
  return saveDatabase.call(this, (error) => {
    if (error && this.collections.length > 0) this.collections[0].dirty = true;
    if (done) done(error);
  });
};
const save = (database) =>
  new Promise((resolve, reject) => {
    if (!database.autosaveDirty() && !database.throttledSavePending) resolve();
    else database.saveDatabase((error) => (error ? reject(error) : resolve()));
  });
const { end } = ServerResponse.prototype;
ServerResponse.prototype.end = function (...last) {
  const isRead = this.req.method === 'GET' || this.req.method === 'HEAD';
  if (isRead) return end.apply(this, last);
  Promise.all([...databases].map(save)).then(
    () => end.apply(this, last),
    () => {
      if (this.headersSent) return this.destroy();
      for (const name of this.getHeaderNames()) this.removeHeader(name);
      this.statusCode = 500;
      end.call(this);
    },
  );
  return this;
};
`);
}
