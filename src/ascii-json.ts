/**
 * JSON in ASCII, for rows of tables: Azurite decodes a large entity piece by piece, and a character of two bytes that lies
 * across two pieces comes back as two others.
 */
export function asciiJson(value: unknown): string {
  const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value).replace(/[^\0-\x7f]/g, escaped);
}
