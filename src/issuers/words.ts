const SHOWN_CHARACTERS = 500;

/** What a CA says, as people may read it: one line, cut. It comes from the other side. */
export function oneLine(text: string): string {
  return text
    .slice(0, 4 * SHOWN_CHARACTERS)
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, SHOWN_CHARACTERS);
}
