import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

// The least that can take an event: it reads the body, parses the JSON, and answers as Event Grid wants it.
const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const events: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  response.writeHead(Array.isArray(events) ? 202 : 400).end();
});
process.on('disconnect', () => process.exit(0));
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
