const SPACE = /[ \t\r\n]*/y;
const STRING = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/**
 * Where the first mistake in a text that is no JSON is. Node's own message often has no position, and quotes the text
 * around it, which in a settings file may be a secret.
 */
export function firstMistake(text: string): number {
  const scan = new Scan(text);
  if (scan.value()) scan.space();
  return scan.at;
}

class Scan {
  at = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  value(): boolean {
    this.space();
    switch (this.#text[this.at]) {
      case '{':
        return this.#list('}', () => this.#member());
      case '[':
        return this.#list(']', () => this.value());
      case '"':
        return this.#take(STRING);
      default:
        return this.#take(SCALAR);
    }
  }

  space(): void {
    this.#take(SPACE);
  }

  #member(): boolean {
    this.space();
    if (!this.#take(STRING)) return false;
    this.space();
    return this.#character(':') && this.value();
  }

  #list(close: string, item: () => boolean): boolean {
    this.at += 1;
    this.space();
    if (this.#character(close)) return true;
    while (item()) {
      this.space();
      if (this.#character(close)) return true;
      if (!this.#character(',')) return false;
    }
    return false;
  }

  #character(wanted: string): boolean {
    if (this.#text[this.at] !== wanted) return false;
    this.at += 1;
    return true;
  }

  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.#text);
    this.at += found?.[0].length ?? 0;
    return found !== null;
  }
}
