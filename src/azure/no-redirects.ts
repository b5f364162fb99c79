/**
 * Options of every Azure client that carries a token or a key: a redirect is an answer like any other that was not asked
 * for. None of the services redirects its API, so that one that seems to is a gateway or somebody else, and what we would
 * send after it (names, CSRs, chains, and to the same host the token) is none of theirs.
 */
export const noRedirects = { redirectOptions: { maxRetries: 0 } } as const;
