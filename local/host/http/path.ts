/**
 * The path as Azure's web server sees it: decoded once, but an encoded slash stays encoded, so that it cannot make
 * segments. `undefined`: no path at all (a null character).
 */
export function decodePath(encoded: string): string | undefined {
  const decoded = encoded.split(/(%2f)/i).map((part, index) => (index % 2 === 1 ? part : decodedPart(part)));
  const path = decoded.join('');
  return path.includes('\0') ? undefined : path;
}

/** A percent sign that encodes nothing stands for itself. */
function decodedPart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The rest of the path behind `prefix`, which ignores case; `undefined` when it lies elsewhere. */
export function below(path: string, prefix: string): string | undefined {
  const head = path.slice(0, prefix.length);
  if (head.toLowerCase() !== prefix.toLowerCase()) return undefined;
  const rest = path.slice(prefix.length);
  return rest === '' || rest.startsWith('/') ? rest.replace(/^\//, '') : undefined;
}
