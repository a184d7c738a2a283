/** The part of JSON Schema that zod writes for our files. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly required?: readonly string[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly exclusiveMaximum?: number;
}

/** A key that may stand in a file. */
export interface KeyHelp {
  readonly key: string;
  readonly help: string;
  /** Range, choices and default, as a phrase; may be empty. */
  readonly detail: string;
  readonly source?: string | undefined;
  readonly required: boolean;
  /** Whether its value is a map. */
  readonly isMap: boolean;
  /** Whether the JSON schema of the file does not say that it may stand here. */
  readonly beyondSchema?: boolean;
}

/** A value that a key may have. */
export interface ValueHelp {
  readonly value: string;
  readonly help: string;
  /** Whether the JSON schema of the file does not say that it may stand here. */
  readonly beyondSchema?: boolean;
}

/** `name` of the dataset, the method and the encoders that a config chooses, which decide what other keys there are. */
export interface Choices {
  readonly dataset?: string | undefined;
  readonly method?: string | undefined;
  /** The name in the map at a path such as `model`, `encoder`, `gray`. */
  readonly encoder?: (path: readonly string[]) => string | undefined;
}

/** Answers what may stand where in one kind of file; `path` holds the keys of the maps around the place. */
export interface DocumentHelp {
  /** Where the config stands in the file whose names are the choices: at the top, or below `base`. */
  readonly root: readonly string[];
  /** Keys of the map at `path`. */
  keys(path: readonly string[], choices: Choices): KeyHelp[];
  /** Values that can be listed for the key at `path`; none for numbers and texts. */
  values(path: readonly string[], choices: Choices): ValueHelp[];
}

/** The help that an editor cannot get from the JSON schema: names of modalities and stages, dotted keys and their values. */
export function helpBeyondSchema(help: DocumentHelp): DocumentHelp {
  return {
    root: help.root,
    keys: (path, choices) => help.keys(path, choices).filter(({ beyondSchema }) => beyondSchema),
    values: (path, choices) => help.values(path, choices).filter(({ beyondSchema }) => beyondSchema),
  };
}

/** What one of these maps may hold under a key; the values of maps with free keys only where none names it. */
export function propertiesOf(maps: readonly JsonSchema[], key: string): JsonSchema[] {
  const named = maps.flatMap((map) => map.properties?.[key] ?? []);
  return named.length > 0 ? named : maps.flatMap(({ additionalProperties }) => (typeof additionalProperties === 'object' ? additionalProperties : []));
}

/** What is known about one key. */
export function keyHelp(help: DocumentHelp, path: readonly string[], choices: Choices): KeyHelp | undefined {
  return help.keys(path.slice(0, -1), choices).find((each) => each.key === path.at(-1));
}

/** What the schema of a map says of one of its keys. */
export function describeKey(key: string, property: JsonSchema, map: JsonSchema): KeyHelp {
  return {
    key,
    help: property.description ?? '',
    detail: detailOf(property),
    required: map.required?.includes(key) ?? false,
    isMap: options(property).every((option) => option.type === 'object'),
  };
}

/** Values that a schema lists, those of the entries of a list included. */
export function listedValues(schema: JsonSchema): ValueHelp[] {
  return options(schema).flatMap((option): ValueHelp[] => {
    if (option.const !== undefined) return [{ value: String(option.const), help: option.description ?? '' }];
    if (option.type === 'boolean') return ['true', 'false'].map((value) => ({ value, help: '' }));
    if (option.items) return listedValues(option.items);
    return (option.enum ?? []).map((value) => ({ value: String(value), help: '' }));
  });
}

/** The alternatives of a schema, nested ones included. */
export function options(schema: JsonSchema): JsonSchema[] {
  const several = schema.anyOf ?? schema.oneOf;
  return several ? several.flatMap(options) : [schema];
}

/** Range, choices and default of a value, as a phrase; may be empty. */
function detailOf(schema: JsonSchema): string {
  const parts: string[] = [];
  const choices = options(schema).flatMap((option) => option.enum ?? []);
  if (choices.length > 0) parts.push(`one of ${choices.map(String).join(', ')}`);
  const [number] = options(schema).filter((option) => option.type === 'number' || option.type === 'integer');
  if (number) parts.push(`${number.type === 'integer' ? 'whole number' : 'number'}${rangeText(number)}`);
  if (schema.default !== undefined) {
    parts.push(`default ${typeof schema.default === 'string' ? schema.default : JSON.stringify(schema.default)}`);
  }
  return parts.join('; ');
}

function rangeText(schema: JsonSchema): string {
  const limits = [
    schema.minimum !== undefined && schema.minimum > Number.MIN_SAFE_INTEGER ? `at least ${schema.minimum}` : '',
    schema.exclusiveMinimum !== undefined ? `above ${schema.exclusiveMinimum}` : '',
    schema.maximum !== undefined && schema.maximum < Number.MAX_SAFE_INTEGER ? `at most ${schema.maximum}` : '',
    schema.exclusiveMaximum !== undefined ? `below ${schema.exclusiveMaximum}` : '',
  ].filter((limit) => limit !== '');
  return limits.length > 0 ? `, ${limits.join(', ')}` : '';
}
