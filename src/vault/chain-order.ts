/**
 * The order in which a chain is handed to Merge Certificate, and whether the vault is told to keep it.
 *
 * Open question to the real service: by its documentation a vault that is not told to keep the order puts the leaf first
 * at export, whatever it was given; users report that chains were exported the other way round unless they were sent
 * root first with the order kept. Until a real vault has answered, this follows the documentation. It is the only place
 * to change, and the probe of the first target shows (by the chain that is served) whether it is right.
 */
export const chainOrder: { readonly first: 'leaf' | 'root'; readonly preserveCertificateOrder: boolean } = {
  first: 'leaf',
  preserveCertificateOrder: false,
};

/** `chain` is leaf first. */
export function inMergeOrder<T>(chain: readonly T[]): readonly T[] {
  return chainOrder.first === 'leaf' ? chain : [...chain].reverse();
}
