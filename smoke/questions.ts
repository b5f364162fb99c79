/** A question to the real service that only a run against it can answer. */
export interface Question {
  /** As local/DIVERGENCES.md asks it under this number. */
  readonly title: string;
  /** What the stand answers: the guess that is tried. */
  readonly expect: string;
  readonly how: string;
  readonly standLacks?: string;
  readonly person?: true;
}

const SITE = 'run with --site';

/** Every open question of local/DIVERGENCES.md, by its number there: a test compares the two. */
export const questionRules = {
  'question.1': {
    ...{ title: 'Chain order at merge.', expect: 'leaf first, each followed by its issuer' },
    how: `${SITE} in an App Service Environment v3; then change src/vault/chain-order.ts if it differs`,
  },
  'question.2': {
    ...{ title: "Does the answer to a certificate's create always carry the CSR?", expect: 'yes, each time' },
    how: 'create a certificate with issuer Unknown and read `csr` of the answer',
  },
  'question.3': {
    ...{ title: 'Which right does reading a deleted certificate need?', expect: 'certificates/read', person: true },
    how: 'give somebody the role Perennial certificate renewer and nothing else, and let them read GET /deletedcertificates/{name}: 200 is "certificates/read", 403 names the action',
  },
  'question.4': {
    ...{ title: 'What does merging a completed operation answer?', expect: '404 PendingCertificateNotFound' },
    how: 'merge the same chain twice',
  },
  'question.5': {
    ...{ title: 'Do the tags of create reach the merged version when merge sends none?', expect: 'yes' },
    how: 'create with tags, merge without, read the version',
  },
  'question.6': {
    ...{
      title:
        'Is the version list of an unknown name empty or 404, and does PATCH of a policy keep members that it leaves out?',
      expect: '200 and empty; PATCH keeps them',
    },
    how: 'GET /certificates/{unknown}/versions; PATCH /certificates/{name}/policy with x509_props.validity_months alone',
  },
  'question.7': {
    ...{
      title:
        'Does a certificate of 30 days or less ever raise NearExpiry, and what of a version that arrives later than its own moment?',
      expect: 'nothing while we looked',
    },
    how: 'keep a certificate of 20 days for a day and query AZKVAuditLogs for CertificateNearExpiryEventGridNotification: some minutes do not prove "never"',
  },
  'question.8': {
    ...{
      title: 'Does App Service report trouble with the vault in `keyVaultSecretStatus`, or does PUT fail?',
      expect: 'PUT fails with 400',
    },
    how: `${SITE}`,
  },
  'question.9': {
    ...{
      title: 'Does the PUT of a host-name binding accept the read-only members that its GET returned?',
      expect: 'yes',
    },
    how: `${SITE}`,
  },
  'question.10': {
    ...{
      title: 'Does App Service send the chain as the PKCS#12 file holds it, or does it build its own?',
      expect: 'as the file holds it, the root too',
    },
    how: `${SITE}`,
  },
  'question.11': {
    ...{ title: 'Does App Service import an expired certificate?', expect: 'yes' },
    how: `${SITE}`,
  },
  'question.12': {
    ...{
      title:
        'Does PUT of a certificate that imports from a vault need `Microsoft.KeyVault/vaults/deploy/action` there?',
      expect: 'no',
    },
    how: `${SITE} in an App Service Environment v3: the deployer has no such action`,
  },
  'question.13': {
    ...{
      title: 'What does Key Vault ask for in a CSR with an EC key?',
      expect: 'digitalSignature and keyEncipherment, signed with SHA-256 for P-256',
    },
    how: 'create a certificate with an EC key and issuer Unknown; openssl req -text on its csr; then change local/vault/csr.ts if it differs',
  },
  'question.14': {
    ...{
      title:
        'Does a role at the container `journal` (at the tables of the account) let its holder create that container (a table)?',
      expect: 'the app keeps its tables and journal with them',
    },
    how: "with the renewer's token: PUT of the container; PUT of an append blob with If-None-Match: * twice. The app shows only that its own calls succeed",
  },
  'question.15': {
    ...{
      title: 'Does a binding call on a multi-tenant site refuse a certificate of a private CA?',
      expect: 'refused with 400',
    },
    ...{
      standLacks: 'its test site is in an App Service Environment',
      how: 'run with --site of a multi-tenant site: nothing is renewed there',
    },
  },
  'question.16': {
    ...{
      title: 'Does a RoleBinding let an identity of Entra ID in where the cluster has Azure RBAC for Kubernetes?',
      ...{ expect: 'yes', person: true },
    },
    how: 'bind the deployer in a cluster with enableAzureRBAC, and deploy to a target there: a 403 is "no", and a custom role with a condition on custom resources is needed',
  },
  'question.17': {
    ...{
      title: 'Does a SecretProviderClassPodStatus name the version of a certificate as Key Vault does?',
      ...{ expect: 'yes', person: true },
    },
    how: 'kubectl get secretproviderclasspodstatus -o yaml: status.objects has the id secret/<name> and the 32 hexadecimal digits of the version',
  },
  'question.18': {
    ...{
      title: 'Does a managed run command run again when it is written with the same script and other parameters?',
      ...{ expect: 'yes; written as it was: no', person: true },
    },
    how: 'write the command twice with another value of PERENNIAL_ASKED (two deployments, two minutes apart) and compare startTime of the instance view',
  },
  'question.19': {
    ...{
      title: "Does a restart of the Key Vault extension's service make it read the vault at once?",
      ...{ expect: 'yes', person: true },
    },
    how: 'put a new version into the vault, `systemctl restart akvvm_service` (on Windows restart the service whose path has KeyVaultForWindows), and look at the store within a minute',
  },
  'question.20': {
    ...{
      title: 'Does the Key Vault extension move a link that was set back by hand to the newest version again?',
      ...{ expect: 'at its next poll', person: true },
    },
    how: 'set the link to an earlier file, wait for pollingIntervalInS, look at the link',
  },
  'question.21': {
    ...{
      title: 'Does Windows leave an IIS binding alone when the Key Vault extension brings a new version?',
      ...{ expect: 'yes', person: true },
    },
    how: 'renew a certificate that a binding uses, wait for the poll, compare netsh http show sslcert',
  },
  'question.22': {
    ...{ title: 'Which right does reading the references of app settings need?', person: true },
    expect: 'sites/config/appsettings/read',
    how: 'give a site an identity and a setting with @Microsoft.KeyVault(...), and look at `problems` of GET /api/uses after a look: arm-forbidden names the action; none is "sites/config/appsettings/read"',
  },
  'question.23': {
    ...{ title: 'Which rows does Resource Graph show to somebody with a custom role?', person: true },
    expect: 'those whose type it may read',
    how: 'compare GET /api/uses with what the portal shows an owner: each kind of docs/where-used.md once; `unseen` names subscriptions that it sees nothing of',
  },
  'question.24': {
    ...{ title: 'Does Resource Graph hold all members by which places are found?', expect: 'yes', person: true },
    how: 'run each query of src/targets/discovery/kinds in the portal (Resource Graph Explorer): a column that is null everywhere is "no"',
  },
  'question.25': {
    ...{
      title: 'Does the PUT of an Application Gateway take `If-Match` with the etag of its GET?',
      ...{ expect: 'yes, 412 with another one', person: true },
    },
    how: 'GET a gateway, PUT it as it is with If-Match: "x": 412 is "yes"; 200 means that two changes at once can undo each other',
  },
  'question.26': {
    ...{
      title: 'Does the PUT of an Application Gateway keep uploaded certificates whose `data` its GET does not return?',
      ...{ expect: 'yes', person: true },
    },
    how: 'PUT a test gateway with an uploaded certificate as its GET returned it, and look at what the listener serves',
  },
  'question.27': {
    ...{
      title: 'Does a PUT that changes the tags of an Application Gateway make it ask its vaults?',
      ...{ expect: 'yes', person: true },
    },
    how: 'put a new version into the vault, change a tag of the gateway, and look at what is served within ten minutes: four hours later it would have changed by itself',
  },
  'question.28': {
    ...{
      title: 'Does the PUT of an Application Gateway fail at once when a reference cannot be read?',
      ...{ expect: '400 ApplicationGatewayKeyVaultSecretException', person: true },
    },
    how: "take the gateway's identity its right to read secrets, PUT the gateway as it is: an error in the answer, or an operation that fails later",
  },
  'question.29': {
    ...{
      title:
        "Does PATCH of a scale set's extension with a new `forceUpdateTag` alone keep its settings, and make the extension read the vault on each instance that is upgraded?",
      ...{ expect: 'yes, both', person: true },
    },
    how: 'put a new version into the vault, deploy to a scale set with deployBy: model, read the extension of the model, and look at the store of an instance before pollingIntervalInS is over',
  },
  'question.30': {
    ...{
      title: 'Does `latestModelApplied` of an instance become true when its upgrade has ended, or when it begins?',
      ...{ expect: 'when it has ended', person: true },
    },
    how: 'list the instances of a set every few seconds while a rolling upgrade goes on, beside provisioningState of each',
  },
} as const satisfies Readonly<Record<string, Question>>;
