/** How a renewal can end. */
export const outcomes = {
  renewed: 'A new version exists and every target was seen serving it.',
  'partly-deployed': 'A new version exists, but not every target was seen serving it.',
  'rolled-back': 'The rollout was stopped and every touched target was proven back on the last good version.',
  'not-needed': 'There was nothing to renew.',
  refused: 'A rule forbids this renewal; nothing was changed.',
  rejected: 'The issuer, or our own check of its answer, said no.',
  'approval-expired': 'Nobody decided in time.',
  'needs-person': 'Only a person can go on from here; the reason says what to do.',
  cancelled: 'A person cancelled it before anything was merged.',
  failed: 'It could not be done in the time given; it will be tried again.',
} as const;

export type Outcome = keyof typeof outcomes;

/** Why a renewal was started, refused, stopped: each with its documented meaning. */
export const reasons = {
  // Why it was started.
  'near-expiry-event': 'Event Grid said that the certificate is near its expiry.',
  'expired-event': 'Event Grid said that the certificate has expired.',
  'new-version-event': 'Event Grid said that a new version exists: the row is refreshed, nothing is started.',
  sweep: 'The sweep found the certificate due.',
  manual: 'A person asked for it over HTTP.',
  'window-opened':
    'The CA wishes the version to be replaced, and the moment drawn from its renewal window (ARI, RFC 9773) has come.',
  // Why nothing was to be done.
  'not-due': 'The renewal point is in the future.',
  'too-young': 'Less than a quarter of the version’s life has passed; force renews it anyway.',
  'backing-off': 'The last attempt failed; the next one may start at `nextAttemptAt`.',
  'already-running': 'A renewal of this certificate is running.',
  queued: 'It is due, and other renewals of its vault start first: the watchdog starts it, the most urgent first.',
  'not-current': 'The version that the event or the renewal is about is no longer the current one.',
  gone: 'The vault holds no such certificate.',
  disabled: 'The current version is disabled.',
  // Why it was refused.
  'vault-outside-estate': 'The vault is not in the estate file.',
  'not-in-estate': 'The certificate is not in the estate file.',
  'another-app': 'Another app holds the lease on this estate: two would renew against each other. Stop one of them.',
  'no-version': 'The certificate has no finished version to renew.',
  'soft-deleted': 'A soft-deleted certificate holds the name: recover or purge it.',
  'foreign-pending': 'Somebody else’s certificate request is pending in the vault; finish or delete it there.',
  'issuer-differs': 'The certificate’s policy names another issuer than its plan does; change the one or the other.',
  'outside-limits':
    'The certificate’s policy asks for more than the estate file allows its issuer, or its plan accepts.',
  'private-ca-on-multi-tenant':
    'App Service takes certificates of a private CA for inbound TLS only in an App Service Environment v3.',
  'too-many-names': 'The certificate’s policy has more than 1,000 names: no issuer certifies as many.',
  'key-not-exportable': 'The target takes the certificate with its key, and the policy forbids exporting it.',
  // Why it stopped.
  'issuer-rejected': 'The issuer refused the order.',
  'issuer-too-slow': 'The issuer had not answered when the waiting time was over.',
  'vault-forbidden': 'The vault refused our identity: a role or a firewall rule is missing.',
  'vault-unreachable': 'The vault did not answer within all attempts.',
  'issuer-unreachable': 'The issuer did not answer within all attempts.',
  'arm-forbidden': 'Azure Resource Manager refused our identity: a role is missing.',
  'step-failed': 'A step failed in all attempts; the journal has the error code.',
  'cancel-requested': 'A person cancelled it.',
  stuck: 'It was past the time that it may take and did not move; the watchdog closed it, and it is tried again.',
  superseded: 'It was closed or another attempt took over while it stood still; it stopped before its next act.',
  'policy-changed': 'The certificate’s policy was changed while the renewal ran.',
  // Why an issued certificate was not accepted (the acceptance function, in its order).
  'chain-too-large': 'The issuer’s answer is larger than any honest chain.',
  'chain-unreadable': 'The issuer’s answer cannot be read as certificates.',
  'wrong-key': 'No certificate, or more than one, carries the public key that was requested.',
  'chain-broken': 'The chain does not lead to a pinned root by valid signatures and dates.',
  'names-differ': 'The names in the certificate are not the names that were requested.',
  'key-not-allowed': 'The plan does not allow this key type or size.',
  'signature-not-allowed': 'The certificate is signed with an algorithm that is not allowed.',
  'is-ca': 'The certificate could sign other certificates.',
  'usage-differs': 'Key usage or extended key usage is not that of a TLS server.',
  'dates-not-accepted': 'The certificate is not valid now, ends too early, or lives too long.',
  'serial-reused': 'The serial number is one that this certificate had before, or was counted and not drawn.',
  'subject-differs': 'The subject is not the one that was requested.',
  'needs-approval': 'The new certificate differs from the old one in a way that a person has to approve.',
  // How the targets ended.
  served: 'Every target was seen serving the new version.',
  'no-targets': 'The certificate has no targets: the new version exists in the vault and nothing had to be served.',
  'targets-unverified': 'Some targets were not seen serving the new version in time.',
  'roll-back-failed':
    'The rollout was stopped, and targets that do not serve the last good version could not be moved back to it; the detail says what they serve.',
  'deploy-refused': 'A target refused the new version.',
  'baseline-broken': 'A target did not answer before the deployment; it was deployed to all the same.',
} as const;

export type Reason = keyof typeof reasons;
