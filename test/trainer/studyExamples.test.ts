import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { expandStudy } from '../../src/core/study/expandStudy.ts';
import { requireStudy } from '../../src/core/study/parseStudy.ts';
import { createCatalog, createStudyJsonSchema } from '../../src/trainer/catalog.ts';
import { catalog as small } from '../core/studyFixture.ts';

const folder = join(import.meta.dirname, '../../examples');
const examples = readdirSync(folder).filter((name) => name.endsWith('.udi-study.yaml'));
// The datasets are the trainer's own; the methods are few, so that the numbers below stay what they are.
const catalog = { ...createCatalog(), methods: small.methods };

describe('studies in examples/', () => {
  it.each([
    ['cgmnist.udi-study.yaml', ['methods', 'components', 'alpha', 'anchor'], 30],
    ['digits.udi-study.yaml', ['components', 'alpha'], 14],
  ])('%s can be run', (name, tables, runs) => {
    const file = join(folder, name);
    const study = requireStudy(readFileSync(file, 'utf8'), catalog, { file, readFile: (path) => readFileSync(path, 'utf8') });
    const plan = expandStudy(study, catalog);
    expect(plan.tables.map((table) => table.id)).toEqual(tables);
    expect(plan.runs).toHaveLength(runs);
  });

  it.each(examples)('%s fits the JSON schema that editors complete by', (name) => {
    const schema = z.fromJSONSchema(createStudyJsonSchema(createCatalog()) as Parameters<typeof z.fromJSONSchema>[0]);
    const study = parse(readFileSync(join(folder, name), 'utf8')) as Record<string, unknown>;
    const inline = parse(readFileSync(join(folder, String(study['base'])), 'utf8')) as Record<string, unknown>;
    expect(schema.safeParse(study).error).toBeUndefined();
    expect(schema.safeParse({ ...study, base: inline }).error).toBeUndefined();
    expect(schema.safeParse({ ...study, seeds: [0.5] }).success).toBe(false);
    expect(schema.safeParse({ ...study, base: { ...inline, method: { name: 'none' } } }).success).toBe(false);
    expect(schema.safeParse({ ...study, preset: ['alpha'] }).success).toBe(false);
  });
});
