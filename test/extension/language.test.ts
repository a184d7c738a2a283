import { describe, expect, it } from 'vitest';
import { catalog } from '../core/catalogFixture.ts';
import { outlineOf } from '../../src/extension/language/configChoices.ts';
import { Checker } from '../../src/extension/language/checker.ts';
import { ConfigHelp } from '../../src/extension/language/configSchema.ts';
import { cursorAt, type Cursor } from '../../src/extension/language/cursor.ts';
import { configKind, isDocumentOf, isOfKind, nameOf, studyKind } from '../../src/extension/language/fileKind.ts';
import { keyAt } from '../../src/extension/language/keyAt.ts';
import { helpBeyondSchema, keyHelp } from '../../src/extension/language/schemaHelp.ts';
import { StudyHelp } from '../../src/extension/language/studyHelp.ts';

/** The cursor at `|` in a text. */
function at(text: string): Cursor | undefined {
  const lines = text.split('\n');
  const line = lines.findIndex((each) => each.includes('|'));
  const column = lines[line]!.indexOf('|');
  return cursorAt(lines.map((each) => each.replace('|', '')), line, column);
}

describe('kinds of files', () => {
  const names = ['a.udi.yaml', '/x/b.udi.yml', 'c.udi.json', 'd.yaml', 'udi.yaml.txt', 'e.udi-study.yaml', 'f.udi-study.JSON'];

  it('are known by name, and each file is of one kind', () => {
    expect(names.filter((name) => isOfKind(configKind, name))).toEqual(names.slice(0, 3));
    expect(names.filter((name) => isOfKind(studyKind, name))).toEqual(names.slice(5));
    expect(nameOf(configKind, '/x/cgmnist.udi.yaml', 'run')).toBe('cgmnist');
    expect(nameOf(studyKind, '/x/cgmnist.udi-study.yaml', 'study')).toBe('cgmnist');
    expect(nameOf(configKind, '/x/.udi.yaml', 'run')).toBe('run');
    expect(isDocumentOf(configKind, { uri: { scheme: 'git', path: '/a.udi.yaml' } })).toBe(false);
    expect(isDocumentOf(studyKind, { uri: { scheme: 'untitled', path: '/a.udi-study.yaml' } })).toBe(true);
  });
});

describe('Checker', () => {
  it('checks each version of a document once, until it is to forget', () => {
    const checker = new Checker((text, path) => ({ problems: [], read: `${path}: ${text}` }));
    const uri = { fsPath: '/a.udi.yaml', toString: () => 'file:///a.udi.yaml' };
    const document = { version: 1, uri, getText: () => 'dataset: 1' };
    const first = checker.check(document);
    expect(first.read).toBe('/a.udi.yaml: dataset: 1');
    expect(checker.check(document)).toBe(first);
    expect(checker.check({ ...document, version: 2 })).not.toBe(first);
    const second = checker.check({ ...document, version: 2 });
    checker.clear();
    expect(checker.check({ ...document, version: 2 })).not.toBe(second);
  });
});

describe('cursorAt', () => {
  it('finds the map by indentation', () => {
    expect(at('name: x\n|')).toMatchObject({ path: [], valueOf: undefined, inBraces: false });
    expect(at('training:\n  epochs: 1\n  b|')).toMatchObject({ path: ['training'], valueOf: undefined });
    expect(at('training:\n  schedule:\n    name: step\n    |')).toMatchObject({ path: ['training', 'schedule'] });
    expect(at('training:\n  schedule:\n    name: step\n|')).toMatchObject({ path: [] });
    expect(at('training: # how\n  |')).toMatchObject({ path: ['training'] });
  });

  it('finds the value that is being typed', () => {
    expect(at('device: |')).toMatchObject({ path: [], valueOf: 'device' });
    expect(at('model:\n  fusion: s|')).toMatchObject({ path: ['model'], valueOf: 'fusion' });
  });

  it('reads braces and what stands in them', () => {
    expect(at('method: { name: udi, |')).toEqual({
      path: ['method'], valueOf: undefined, inline: new Map([['name', 'udi']]), inBraces: true,
    });
    expect(at('method: { name: udi, alpha: { consistency: 1, |')).toMatchObject({ path: ['method', 'alpha'] });
    expect(at('method: { alpha: { consistency: 1 }, anchor: |')).toMatchObject({ path: ['method'], valueOf: 'anchor' });
  });

  it('reads entries of lists as values of the key of the list', () => {
    expect(at('presets: [alpha, |')).toMatchObject({ path: [], valueOf: 'presets' });
    expect(at('grid: { model.fusion: [sum, |')).toMatchObject({ path: ['grid'], valueOf: 'model.fusion' });
    expect(at('grid: { model.fusion: [sum, mean], |')).toMatchObject({ path: ['grid'], valueOf: undefined });
    expect(at('grid:\n  model.fusion:\n    - sum\n    - |')).toMatchObject({ path: ['grid'], valueOf: 'model.fusion' });
    expect(at('presets:\n- alpha\n- |')).toMatchObject({ path: [], valueOf: 'presets' });
    expect(at('- a: |')).toBeUndefined();
  });

  it('offers nothing in comments and where no map can be', () => {
    expect(at('name: x # |')).toBeUndefined();
    expect(at('name: x\n  |')).toBeUndefined();
  });
});

describe('ConfigHelp', () => {
  const help = new ConfigHelp(catalog);
  const udi = { method: 'udi', dataset: 'cgmnist' };
  const keys = (path: string[], choices = udi) => help.keys(path, choices).map(({ key }) => key);
  const values = (path: string[], choices = udi) => help.values(path, choices).map(({ value }) => value);

  it('lists the keys of every map, those of the chosen method and dataset included', () => {
    expect(keys([])).toEqual(['name', 'dataset', 'model', 'method', 'training', 'device']);
    expect(keys(['method'])).toEqual(['name', 'anchor', 'alpha', 'tieTolerance']);
    expect(keys(['method'], { method: 'sum', dataset: 'arrays' })).toEqual(['name']);
    expect(keys(['dataset'])).toEqual(['name', 'root', 'limit']);
    expect(keys(['method', 'alpha'])).toEqual(['consistency', 'complementary']);
    expect(keys(['training', 'schedule'])).toContain('factor');
    expect(keys(['training', 'epochs'])).toEqual(['default', 'unimodal', 'follower']);
    expect(keys(['model', 'encoder'])).toEqual(['name', 'gray', 'color']);
    const named = (place: string) => ({ ...udi, encoder: (path: readonly string[]) => (path.at(-1) === place ? 'mlp' : undefined) });
    expect(keys(['model', 'encoder'], named('encoder'))).toEqual(['name', 'width', 'weights', 'freeze']);
    expect(keys(['model', 'encoder', 'gray'], named('gray'))).toEqual(['name', 'width', 'weights', 'freeze']);
    expect(keys(['model', 'encoder', 'color'], named('gray')), 'the name comes first').toEqual(['name']);
    expect(keys(['nonsense', 'deeper'])).toEqual([]);
  });

  it('lists values, with what the config chose elsewhere', () => {
    expect(values(['dataset', 'name'])).toEqual(['cgmnist', 'arrays']);
    expect(values(['method', 'name'])).toEqual(['sum', 'udi']);
    expect(values(['model', 'fusion'])).toEqual(['sum', 'mean', 'concat']);
    expect(values(['model', 'encoder'])).toEqual(['cgmnist', 'mlp']);
    expect(values(['model', 'encoder', 'gray'])).toEqual(['cgmnist', 'mlp']);
    expect(values(['model', 'encoder', 'gray', 'name'])).toEqual(['cgmnist', 'mlp']);
    expect(values(['model', 'encoder', 'width'])).toEqual([]);
    expect(values(['method', 'anchor'])).toEqual(['auto', 'gray', 'color']);
    expect(values(['method', 'alpha'])).toEqual(['dynamic']);
    expect(values(['training', 'keep'])).toEqual(['best', 'last']);
    expect(values(['device'])).toEqual(['auto', 'wasm', 'cpu']);
    expect(values(['training', 'epochs'])).toEqual([]);
  });

  it('says help, range, default and whether a key is required', () => {
    expect(keyHelp(help, ['method', 'tieTolerance'], udi)).toMatchObject({
      help: 'Points.', detail: 'number, at least 0, at most 100; default 1.5', required: false, isMap: false,
    });
    expect(keyHelp(help, ['training'], udi)).toMatchObject({ required: true, isMap: true });
    expect(keyHelp(help, ['dataset', 'root'], udi)).toMatchObject({ required: true, help: 'Folder.' });
    expect(keyHelp(help, ['training', 'learningRate'], udi)?.detail).toBe('number, above 0; default 0.01');
    expect(keyHelp(help, ['model', 'encoder', 'gray', 'width'], { ...udi, encoder: (path) => (path.length === 3 ? 'mlp' : undefined) })).toMatchObject({
      help: 'Units.', detail: 'whole number, at least 1; default 64', source: 'test',
    });
    expect(keyHelp(help, ['nope'], udi)).toBeUndefined();
  });
});

describe('StudyHelp', () => {
  const help = new StudyHelp(catalog, new ConfigHelp(catalog));
  const choices = { method: 'udi', dataset: 'cgmnist' };
  const keys = (path: string[]) => help.keys(path, choices).map(({ key }) => key);
  const values = (path: string[]) => help.values(path, choices).map(({ value }) => value);

  it('lists the keys and values of a study', () => {
    expect(keys([])).toEqual(['name', 'base', 'set', 'seeds', 'presets', 'grid', 'methods', 'parallel']);
    expect(keys(['presets'])).toEqual(['methods', 'components', 'alpha', 'anchor']);
    expect(keys(['presets', 'methods'])).toEqual(['seeds', 'only']);
    expect(keys(['methods'])).toEqual(['sum', 'udi']);
    expect(values(['presets'])).toEqual(['methods', 'components', 'alpha', 'anchor']);
    expect(values(['presets', 'methods', 'only'])).toEqual(['sum', 'udi']);
    expect(keyHelp(help, ['seeds'], choices)?.help).toMatch(/Seeds/);
    expect(keyHelp(help, ['set'], choices)?.isMap).toBe(true);
  });

  it('lists dotted keys of a config where the study changes one, and their values', () => {
    for (const path of [['set'], ['grid'], ['methods', 'udi']]) {
      expect(keys(path)).toEqual(expect.arrayContaining(['training.epochs', 'model.fusion', 'method.anchor', 'device']));
    }
    expect(keys(['methods', 'sum'])).not.toContain('method.anchor');
    expect(values(['grid', 'model.fusion'])).toEqual(['sum', 'mean', 'concat']);
    expect(values(['methods', 'udi', 'method.anchor'])).toEqual(['auto', 'gray', 'color']);
    expect(keyHelp(help, ['set', 'training.learningRate'], choices)?.detail).toBe('number, above 0; default 0.01');
  });

  it('is a config below base', () => {
    expect(keys(['base'])).toEqual(['name', 'dataset', 'model', 'method', 'training', 'device']);
    expect(values(['base', 'dataset', 'name'])).toEqual(['cgmnist', 'arrays']);
    const text = 'base:\n  dataset: { name: cgmnist }\n  method: { name: udi }\n';
    expect(outlineOf(text, help).choices).toMatchObject(choices);
  });
});

describe('helpBeyondSchema', () => {
  const config = new ConfigHelp(catalog);
  const [ofConfig, ofStudy] = [config, new StudyHelp(catalog, config)].map((help) => helpBeyondSchema(help)) as [ReturnType<typeof helpBeyondSchema>, ReturnType<typeof helpBeyondSchema>];
  const choices = { method: 'udi', dataset: 'cgmnist' };
  const keys = (help: typeof ofConfig, ...path: string[]) => help.keys(path, choices).map(({ key }) => key);
  const values = (help: typeof ofConfig, ...path: string[]) => help.values(path, choices).map(({ value }) => value);

  it('has names of modalities and stages, and nothing that a JSON schema lists', () => {
    for (const path of [[], ['dataset'], ['method'], ['training'], ['training', 'schedule']]) expect(keys(ofConfig, ...path)).toEqual([]);
    for (const path of [['device'], ['method', 'name'], ['model', 'fusion']]) expect(values(ofConfig, ...path)).toEqual([]);
    expect(keys(ofConfig, 'model', 'encoder')).toEqual(expect.arrayContaining(['gray', 'color']));
    expect(keys(ofConfig, 'training', 'epochs')).toEqual(['default', 'unimodal', 'follower']);
    expect(values(ofConfig, 'method', 'anchor')).toEqual(['auto', 'gray', 'color']);
  });

  it('has the dotted keys of a study and their values, with what they mean', () => {
    expect(keys(ofStudy)).toEqual([]);
    expect(keys(ofStudy, 'base', 'training')).toEqual([]);
    expect(keys(ofStudy, 'grid')).toEqual(expect.arrayContaining(['training.epochs', 'model.fusion']));
    expect(values(ofStudy, 'grid', 'model.fusion')).toEqual(['sum', 'mean', 'concat']);
    expect(keyHelp(ofStudy, ['set', 'training.learningRate'], choices)?.detail).toContain('default 0.01');
  });
});

describe('outlineOf', () => {
  it('reads what it can of a half typed text', () => {
    const outline = outlineOf('dataset: { name: cgmnist }\nmethod:\n  name: udi\n  al\ntraining:', { without: 3 });
    expect(outline.choices).toMatchObject({ dataset: 'cgmnist', method: 'udi' });
    expect(outline.keysAt(['method'])).toEqual(['name']);
    expect(outlineOf(': : {{{').choices).toMatchObject({ dataset: undefined, method: undefined });
  });
});

describe('keyAt', () => {
  const text = 'method: { name: udi, alpha: dynamic }\ntraining:\n  epochs: 3\n';

  it('finds the key under the cursor, from the key or its value', () => {
    expect(keyAt(text, text.indexOf('alpha') + 2)).toEqual({ path: ['method', 'alpha'], start: 21, end: 26 });
    expect(keyAt(text, text.indexOf('dynamic') + 2)?.path).toEqual(['method', 'alpha']);
    expect(keyAt(text, text.indexOf('epochs'))?.path).toEqual(['training', 'epochs']);
    expect(keyAt(text, 2)?.path).toEqual(['method']);
  });

  it('finds nothing in nothing', () => {
    expect(keyAt('', 0)).toBeUndefined();
    expect(keyAt('just text', 3)).toBeUndefined();
  });
});
