/**
 * An emulator is `handle(request): response` + state + clock. The stand mounts it on HTTP(S); a simulation hands the
 * same one to the SDKs as their HTTP client.
 */
export interface Emulator {
  handle(request: EmulatorRequest): Promise<EmulatorResponse>;
}

export interface EmulatorRequest {
  /** Upper case. */
  readonly method: string;
  /** Absolute, as the client sent it: path and query are not yet decoded. */
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Of the client; absent where nobody is connected, as in a simulation. */
  readonly address?: string;
  /** DER of the client's certificate, where the listener asks for one and believes this one. */
  readonly clientCertificate?: Uint8Array;
}

export interface EmulatorResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Text is sent as UTF-8. Absent: no body. */
  readonly body?: string | Uint8Array;
}

/** A JSON answer; `headers` win over the defaults. */
export function jsonResponse(status: number, body: unknown, headers: Record<string, string> = {}): EmulatorResponse {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(body),
  };
}

/** The request's body as JSON; `undefined` when it is empty or not JSON, so that the emulator gives Azure's 400. */
export function jsonBody(request: EmulatorRequest): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(request.body));
  } catch {
    return undefined;
  }
}
