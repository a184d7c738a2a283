import type { ConfigProblem } from '../../core/config/parseConfig.ts';

/** A document as the language features see it. */
export interface CheckedDocument {
  readonly version: number;
  readonly uri: { readonly fsPath: string; toString(): string };
  getText(): string;
}

/** What parsing any kind of document gives, beside what was parsed. */
export interface Checked {
  readonly problems: readonly ConfigProblem[];
}

/** Checks documents of one kind, each version once for all language features. */
export class Checker<Parsed extends Checked = Checked> {
  readonly #known = new Map<string, { version: number; parsed: Parsed }>();

  /** `parse` gets the text and the path of a document. */
  constructor(private readonly parse: (text: string, path: string) => Parsed) {}

  /** What a document says, or what is wrong with it. */
  check(document: CheckedDocument): Parsed {
    const key = document.uri.toString();
    const known = this.#known.get(key);
    if (known?.version === document.version) return known.parsed;
    const parsed = this.parse(document.getText(), document.uri.fsPath);
    this.#known.set(key, { version: document.version, parsed });
    return parsed;
  }

  /** Forgets a closed document. */
  forget(document: CheckedDocument): void {
    this.#known.delete(document.uri.toString());
  }

  /** Forgets everything, where what a document says depends on another file that has changed. */
  clear(): void {
    this.#known.clear();
  }
}
