import { type EmulatorResponse, jsonResponse } from '../../emulator.ts';

/** How step-ca begins what it says to each status (errs/errors.go); to some it says nothing else. */
const beginnings: Readonly<Record<number, string>> = {
  400: 'The request could not be completed: ',
  401: 'The request lacked necessary authorization to be completed. Please see the certificate authority logs for more info.',
  403: 'The request was forbidden by the certificate authority: ',
  500: 'The certificate authority encountered an Internal Server Error. Please see the certificate authority logs for more info.',
  501: 'The requested method is not implemented by the certificate authority. Please see the certificate authority logs for more info.',
};

export class StepCaError extends Error {
  override readonly name = 'StepCaError';
  readonly status: number;

  /** `why` is told to 400 and 403 alone. */
  constructor(status: 400 | 401 | 403 | 500 | 501, why = '') {
    super(`${beginnings[status]}${why}`);
    this.status = status;
  }

  toResponse(): EmulatorResponse {
    return jsonResponse(this.status, { status: this.status, message: this.message });
  }
}
