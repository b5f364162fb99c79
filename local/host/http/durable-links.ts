/** Where the durable APIs are to be found, for the app's client and for answers to people. */
export interface DurablePlaces {
  /** Public origin, e.g. `http://127.0.0.1:7071`. */
  readonly origin: string;
  /** Loopback address without keys, for the durable client; ends in `/`. */
  readonly rpcBaseUrl: string;
  readonly hubName: string;
  /** The key `durabletask_extension`. */
  readonly key: string;
}

export const WEBHOOK_PATH = '/runtime/webhooks/durabletask';

/** What the durable client replaces by an instance id. */
const PLACEHOLDER = 'INSTANCEID';

export interface InstanceLinks {
  readonly id: string;
  readonly statusQueryGetUri: string;
  readonly [link: string]: string;
}

/** The links of one instance, as the management API gives them. */
export function instanceLinks(places: DurablePlaces, id: string): InstanceLinks {
  const query = requiredQuery(places);
  const instance = `${places.origin}${WEBHOOK_PATH}/instances/${id}`;
  return {
    id,
    statusQueryGetUri: `${instance}?${query}`,
    sendEventPostUri: `${instance}/raiseEvent/{eventName}?${query}`,
    terminatePostUri: `${instance}/terminate?reason={text}&${query}`,
    rewindPostUri: `${instance}/rewind?reason={text}&${query}`,
    purgeHistoryDeleteUri: `${instance}?${query}`,
    restartPostUri: `${instance}/restart?${query}`,
    suspendPostUri: `${instance}/suspend?reason={text}&${query}`,
    resumePostUri: `${instance}/resume?reason={text}&${query}`,
  };
}

/** The value of a durable client binding, as JSON text. */
export function durableClientInput(places: DurablePlaces): string {
  const baseUrl = `${places.origin}${WEBHOOK_PATH}`;
  const start = `${baseUrl}/orchestrators/{functionName}[/{instanceId}]?code=${places.key}`;
  return JSON.stringify({
    taskHubName: places.hubName,
    connectionName: 'Storage',
    creationUrls: {
      createNewInstancePostUri: start,
      createAndWaitOnNewInstancePostUri: `${start}&timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}`,
    },
    managementUrls: instanceLinks(places, PLACEHOLDER),
    baseUrl,
    requiredQueryStringParameters: `code=${places.key}`,
    rpcBaseUrl: places.rpcBaseUrl,
    httpBaseUrl: baseUrl,
  });
}

function requiredQuery({ hubName, key }: DurablePlaces): string {
  return `taskHub=${hubName}&connection=Storage&code=${key}`;
}
