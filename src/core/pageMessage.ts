/**
 * A state on its way to a page. VS Code sends messages as JSON, which has no word for NaN and infinite numbers and makes `null` of them:
 * they travel as texts, as in the journal, with a list of where they stand, so that a name that reads `NaN` stays a name.
 */
export interface PageMessage {
  /** A `change` holds only the keys of the state that are others than in the message before. */
  readonly type: 'state' | 'change';
  readonly view: unknown;
  /** The keys that lead to each number that travels as a text. */
  readonly numbers: readonly (readonly string[])[];
}

/**
 * What JSON hands on unchanged. An array must not hold `undefined`, which JSON turns into `null`: a type that allows it has no
 * `JsonSafe` form, so that such a state cannot be sent. An absent key and one that is undefined are the same on both sides.
 */
export type JsonSafe<T> = unknown extends T ? T
  : T extends string | number | boolean | null | undefined ? T
    : T extends readonly (infer Each)[] ? (undefined extends Each ? never : number extends T['length'] ? readonly JsonSafe<Each>[] : { [Key in keyof T]: JsonSafe<T[Key]> })
      : T extends ReadonlyMap<unknown, unknown> | ReadonlySet<unknown> | Date | ((...args: never[]) => unknown) ? never
        : { [Key in keyof T]: JsonSafe<T[Key]> };

/** Packs the state of a panel for its page. */
export function packState<View>(view: View & JsonSafe<View>): PageMessage {
  const numbers: string[][] = [];
  const pack = (value: unknown, path: readonly string[]): unknown => {
    if (typeof value === 'number' && !Number.isFinite(value)) {
      numbers.push([...path]);
      return String(value);
    }
    if (Array.isArray(value)) return value.map((each: unknown, index) => pack(each, [...path, String(index)]));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]: [string, unknown]) => [key, pack(each, [...path, key])]));
  };
  return { type: 'state', view: pack(view, []), numbers };
}

/** Packs some keys of a state that the page has already, with their new values. */
export function packChange<Part>(part: Part & JsonSafe<Part>): PageMessage {
  return { ...packState<Part>(part), type: 'change' };
}

/**
 * The state in a message, with its numbers put back; a change is laid over the state `before`. Undefined if the message is none of ours,
 * or a change of nothing.
 */
export function unpackState(message: unknown, before?: unknown): unknown {
  if (!isMessage(message) || (message.type === 'change' && before === undefined)) return undefined;
  const root: Record<string, unknown> = { view: message.view };
  for (const path of message.numbers) {
    let parent = root;
    let key = 'view';
    for (const next of path) {
      parent = parent[key] as Record<string, unknown>;
      key = next;
    }
    parent[key] = Number(parent[key]);
  }
  return message.type === 'change' ? { ...before as object, ...root['view'] as object } : root['view'];
}

function isMessage(message: unknown): message is PageMessage {
  return typeof message === 'object' && message !== null && 'type' in message && (message.type === 'state' || message.type === 'change') && 'numbers' in message && Array.isArray(message.numbers);
}
