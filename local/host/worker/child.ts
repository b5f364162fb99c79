import { messageOf } from '../host-error.ts';
import { type LoadedApp, loadApp } from './app.ts';
import { replaceAppClock } from './app-clock.ts';
import type { FromChild, ToChild } from './protocol.ts';

// The program of the child process that the app lives in. It talks to the host over Node's IPC channel only.

let app: LoadedApp | undefined;
let now = 0;

process.on('message', (message) => void receive(message as ToChild));
// The channel closes when the host dies, however it dies: no orphan stays behind.
process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole process group; the host decides when its worker ends.
process.on('SIGINT', () => {});

async function receive(message: ToChild): Promise<void> {
  switch (message.kind) {
    case 'load':
      return load(message.appDirectory, message.now);
    case 'invoke':
      if (message.now !== undefined) now = message.now;
      if (app === undefined) return send({ kind: 'refused', message: 'The app is not loaded yet.' });
      return send({ kind: 'result', id: message.id, result: await app.invoke(message.invocation) });
    case 'stop':
      return stop();
    default:
      return message satisfies never;
  }
}

async function load(appDirectory: string, start: number | undefined): Promise<void> {
  if (start !== undefined) {
    now = start;
    replaceAppClock({ now: () => new Date(now) });
  }
  try {
    app = await loadApp(appDirectory, (line) => send({ kind: 'log', line }));
    send({ kind: 'loaded', functions: app.functions });
  } catch (error) {
    send({ kind: 'refused', message: messageOf(error) });
  }
}

async function stop(): Promise<void> {
  try {
    await app?.terminate();
  } catch (error) {
    send({ kind: 'log', line: { level: 'error', category: 'system', message: `appTerminate: ${messageOf(error)}` } });
  }
  // Disconnecting after the last message has been flushed ends the process by the handler above.
  process.send?.({ kind: 'log', line: { level: 'debug', category: 'system', message: 'stopped' } }, () =>
    process.exit(0),
  );
}

function send(message: FromChild): void {
  if (process.connected) process.send?.(message);
}
