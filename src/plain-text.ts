const SHOWN_CHARACTERS = 500;

/** What somebody at the other side says, as one line without control characters, and cut. */
export function plainText(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, SHOWN_CHARACTERS);
}
