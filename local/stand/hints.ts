import type { AppProcess } from './app-process.ts';
import type { Stand } from './stand.ts';

/** What a person can try while the stand is up. */
export function hints(stand: Stand, app: AppProcess): string {
  const [first] = stand.estate.certificates;
  const site = first && first.sites.length > 0 ? stand.siteOf(first, 0) : undefined;
  const key = `x-functions-key: ${app.keys.function}`;
  return `
The stand is up. Try:

  curl -s -H '${key}' ${app.url}/api/renewals
  curl -s -H '${key}' ${app.url}/api/openapi.json
  curl -s -X POST -H '${key}' -H 'content-type: application/json' \\
       -d '{"vault":"${first?.vaultName}","certificate":"${first?.name}","force":true}' ${app.url}/api/renewals

  what a site serves:
  openssl s_client -connect 127.0.0.1:${site?.port} -servername ${site?.hostName} </dev/null | openssl x509 -noout -serial -dates

  let the vault's event come once more, and see what Event Grid delivered:
  curl -s -X POST -H 'content-type: application/json' \\
       -d '{"type":"Microsoft.KeyVault.CertificateNearExpiry","vaultName":"${first?.vaultName}","objectName":"${first?.name}"}' ${stand.cloud.urls.events}/events
  curl -s ${stand.cloud.urls.events}/deliveries

  Durable Functions' own management API:
  curl -s '${app.url}/runtime/webhooks/durabletask/instances?code=${app.keys.systemDurable}&top=5'

  estate file   ${stand.estateFile}
  vaults        ${stand.estate.vaultNames.map((name) => stand.cloud.vault(name).uri).join('  ')}
  trust         ${stand.cloud.caFile} (for the emulators)

Ctrl-C ends everything.`;
}
