import { parse } from 'yaml';
import { z } from 'zod';
import { UserError } from '../errors.ts';

const section = z.union([z.string().transform((name): Readonly<Record<string, unknown>> => ({ name })), z.record(z.string(), z.unknown())]).catch({});
const shownConfigSchema = z.looseObject({
  name: z.string().optional().catch(undefined),
  method: section, dataset: section, model: section, training: section,
});

/** A config as it is shown. Ours are complete; that of another program may be any map. */
export type ShownConfig = Readonly<z.infer<typeof shownConfigSchema>>;

/** The config of a run that cannot be read, or has none. */
export const noConfig: ShownConfig = { method: {}, dataset: {}, model: {}, training: {} };

/**
 * The config of any run, whoever wrote it: any YAML (or JSON) map. `file` is named in errors.
 * @throws UserError if it is no YAML, or no map
 */
export function parseShownConfig(text: string, file: string): ShownConfig {
  let content: unknown;
  try {
    content = parse(text);
  } catch (error) {
    throw new UserError(`${file} is damaged: ${(error instanceof Error ? error.message : String(error)).split('\n')[0]!}`);
  }
  const parsed = z.record(z.string(), z.unknown()).safeParse(content);
  if (!parsed.success) throw new UserError(`${file} is damaged: it is no map of keys and values.`);
  const { method, dataset, model, training, ...rest } = parsed.data;
  return shownConfigSchema.parse({ ...rest, method, dataset, model, training });
}

/** A value of a section as text; undefined where there is none. */
export function settingText(section: Readonly<Record<string, unknown>>, key: string): string | undefined {
  const value = section[key];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}
