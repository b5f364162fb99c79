import type { Rule } from '../../kubernetes/rbac.ts';

/** The rules of the Role that people are told to make (`infra/kubernetes/deployer.yaml`): a test holds the two together. */
export const deployerRules: readonly Rule[] = [
  { apiGroups: ['secrets-store.csi.x-k8s.io'], resources: ['secretproviderclasses'], verbs: ['get'] },
  { apiGroups: ['secrets-store.csi.x-k8s.io'], resources: ['secretproviderclasspodstatuses'], verbs: ['list'] },
  { apiGroups: ['apps'], resources: ['deployments', 'statefulsets', 'daemonsets'], verbs: ['get', 'patch'] },
];
