import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/core/errors.ts';
import { parseStudy } from '../../src/core/study/parseStudy.ts';
import { baseText, catalog, checked, parse } from './studyFixture.ts';

const problemsOf = (text: string, base = baseText) =>
  parse(text, base).problems.map(({ key, message, line, column }) => ({ key, message, at: `${line}:${column}` }));

const good = `base: base.udi.yaml
seeds: [0, 1]
presets: [components, alpha]
grid:
  training.learningRate: [0.01, 0.001]
`;

describe('parseStudy', () => {
  it('takes the name of the file, and the base with absolute paths', () => {
    const { config, base, folder } = checked(good);
    expect(config).toMatchObject({ name: 'tables', seeds: [0, 1], presets: ['components', 'alpha'], set: {}, methods: {} });
    expect(base).toMatchObject({ dataset: { name: 'cgmnist', root: '/project/studies/mnist' }, method: { tieTolerance: 2, alpha: 'dynamic' } });
    expect(folder).toBe('/project/studies');
  });

  it('takes JSON, and a base that stands in the study', () => {
    const { config, base } = checked(JSON.stringify({
      name: 'inline', presets: { alpha: {} }, parallel: 2,
      base: { dataset: { name: 'cgmnist', root: '../mnist' }, method: { name: 'udi' }, training: { epochs: 2 } },
    }));
    expect(config).toMatchObject({ name: 'inline', parallel: 2 });
    expect(base).toMatchObject({ dataset: { root: '/project/mnist' }, training: { epochs: 2, batchSize: 64 } });
  });

  it('changes the base by `set`, and drops what belonged to another method', () => {
    const { base } = checked('base: base.udi.yaml\nset: { method.alpha: 0.8, method.name: ogm, training.epochs: 3, dataset.root: data }\npresets: [alpha]\n');
    expect(base).toMatchObject({ method: { name: 'ogm', alpha: 0.8 }, training: { epochs: 3, seed: 7 }, dataset: { root: '/project/studies/data' } });
    expect(base.method).not.toHaveProperty('tieTolerance');
  });

  it('takes shared blocks and merge keys, and says where in them something is wrong', () => {
    const text = 'x-common: &common { training.epochs: 3 }\nbase: base.udi.yaml\nset: { <<: *common, dataset.root: data }\npresets: [alpha]\n';
    expect(checked(text).base).toMatchObject({ training: { epochs: 3 }, dataset: { root: '/project/studies/data' } });
    expect(problemsOf(text.replace('epochs: 3', 'epochs: 0'))).toMatchObject([{ key: 'set.training.epochs', at: '1:38' }]);
  });

  it('starts paths of the base in its own folder', () => {
    const readFile = (path: string) => (path === '/project/bases/b.udi.yaml' ? baseText : '');
    const text = 'base: ../bases/b.udi.yaml\npresets: [alpha]\n';
    const { study } = parseStudy(text, catalog, { file: '/project/studies/a.udi-study.yaml', readFile });
    expect(study?.base.dataset['root']).toBe('/project/bases/mnist');
  });

  it.each([
    ['a misspelt preset', good.replace('alpha', 'alfa'), [
      { key: 'presets.1', message: 'Unknown preset "alfa". Did you mean "alpha"? Known: methods, components, alpha, anchor.', at: '3:23' }]],
    ['a misspelt preset in a map', good.replace('[components, alpha]', '{ ancor: {} }'), [
      { key: 'presets.ancor', message: 'Unknown preset "ancor". Did you mean "anchor"? Known: methods, components, alpha, anchor.', at: '3:12' }]],
    ['a misspelt key of a preset', good.replace('[components, alpha]', '{ alpha: { sed: [1] } }'), [
      { key: 'presets.alpha.sed', message: 'Unknown key "sed". Did you mean "seeds"? Known: seeds.', at: '3:21' }]],
    ['a misspelt method to compare', good.replace('[components, alpha]', '{ methods: { only: [sum, udy] } }'), [
      { key: 'presets.methods.only.1', message: expect.stringContaining('Unknown method "udy". Did you mean "udi"?') as string, at: '3:35' }]],
    ['a misspelt method with changes', `${good}methods: { ogn: { method.alpha: 1 } }\n`, [
      { key: 'methods.ogn', message: expect.stringContaining('Unknown method "ogn". Did you mean "ogm"?') as string, at: '6:12' }]],
    ['a misspelt setting of a method', `${good}methods:\n  ogm:\n    method.alfa: 1\n`, [
      { key: 'methods.ogm.method.alfa', message: 'Unknown key "alfa". Did you mean "alpha"? Known: name, alpha.', at: '8:5' }]],
    ['a setting of a method out of range', `${good}methods:\n  ogm: { method.alpha: 2 }\n`, [
      { key: 'methods.ogm.method.alpha', message: 'Must be at most 1, not 2.', at: '7:24' }]],
    ['the name of a method where it is given', `${good}methods:\n  ogm: { method.name: sum }\n`, [
      { key: 'methods.ogm.method.name', message: expect.stringContaining('cannot stand here') as string, at: '7:10' }]],
    ['a misspelt top-level key', good.replace('presets', 'preset'), [
      { key: 'preset', message: expect.stringContaining('Did you mean "presets"?') as string, at: '3:1' }]],
    ['a misspelt key of the grid', good.replace('learningRate', 'learningrate'), [
      { key: 'grid.training.learningrate', message: expect.stringContaining('Did you mean "learningRate"?') as string, at: '5:3' }]],
    ['a misspelt section of the grid', good.replace('training.', 'trainig.'), [
      { key: 'grid.trainig.learningRate', message: expect.stringContaining('Did you mean "training"?') as string, at: '5:3' }]],
    ['a value of the grid, with its row', good.replace('0.001', '-1'), [
      { key: 'grid.training.learningRate.1', message: 'Must be above 0, not -1. (in grid "learningRate -1")', at: '5:33' }]],
    ['a misspelt name in the grid', good.replace('training.learningRate: [0.01, 0.001]', 'method.name: [sum, uid]'), [
      { key: 'grid.method.name.1', message: expect.stringContaining('Unknown method "uid". Did you mean "udi"?') as string, at: '5:22' }]],
    ['a key inside a value of the grid', good.replace('training.learningRate: [0.01, 0.001]', 'training.epochs: [2, { default: 2, folower: 1 }]'), [
      { key: 'grid.training.epochs.1.folower', message: expect.stringContaining('Unknown stage "folower". Did you mean "follower"?') as string, at: '5:38' }]],
    ['combinations that do not go together', good.replace('training.learningRate: [0.01, 0.001]', 'method.name: [sum, udi]\n  method.tieTolerance: [1]'), [
      { key: 'grid.method.tieTolerance', message: 'Unknown key "tieTolerance". Known: name. (in grid "method sum · tieTolerance 1")', at: '6:3' }]],
    ['seeds in the grid', good.replace('training.learningRate: [0.01, 0.001]', 'training.seed: [1]'), [
      { key: 'grid.training.seed', message: 'training.seed cannot stand here. The seeds are those of "seeds", for all rows alike.', at: '5:3' }]],
    ['seeds that are not whole numbers', good.replace('[0, 1]', '[0, 1.5, -1, a]'), [
      { key: 'seeds.1', message: 'Must be a whole number, not 1.5.', at: '2:12' },
      { key: 'seeds.2', message: 'Must be at least 0, not -1.', at: '2:17' },
      { key: 'seeds.3', message: 'Must be a number, not "a".', at: '2:21' }]],
    ['one seed without a list', good.replace('[0, 1]', '1'), [
      { key: 'seeds', message: 'Must be a list, not 1.', at: '2:8' }]],
    ['seeds, presets and values that are there twice', good.replace('[0, 1]', '[0, 1, 0]').replace('[components, alpha]', '[alpha, alpha]').replace('0.001', '1e-2'), [
      { key: 'seeds.2', message: '0 is listed twice.', at: '2:15' },
      { key: 'presets.1', message: 'alpha is listed twice.', at: '3:18' },
      { key: 'grid.training.learningRate.1', message: '0.01 is listed twice.', at: '5:33' }]],
    ['empty lists', 'base: base.udi.yaml\nseeds: []\npresets: []\ngrid: { training.epochs: [] }\n', [
      { key: 'seeds', message: 'Must be a list that is not empty, not [].', at: '2:1' },
      { key: 'presets', message: 'Must be a list that is not empty, not [].', at: '3:1' },
      { key: 'grid.training.epochs', message: 'Must be a list that is not empty, not [].', at: '4:9' }]],
    ['an empty grid', 'base: base.udi.yaml\ngrid: {}\n', [
      { key: 'grid', message: 'Must have at least one key, e.g. training.learningRate.', at: '2:1' }]],
    ['a grid that is too large', `base: base.udi.yaml\ngrid: { training.batchSize: [${Array.from({ length: 40 }, (_, index) => index + 1)}], training.epochs: [${Array.from({ length: 40 }, (_, index) => index + 1)}] }\n`, [
      { key: 'grid', message: 'The grid has 1600 combinations; a study can have 1000. Make several studies of it.', at: '2:1' }]],
    ['neither presets nor grid', 'seeds: [1]\nbase: base.udi.yaml\n', [
      { key: '', message: 'A study needs presets (methods, components, alpha, anchor) or a grid, or both.', at: '1:1' }]],
    ['no base', 'presets: [alpha]\n', [
      { key: 'base', message: 'Missing; it has no default.', at: '1:1' }]],
    ['a base that cannot be read', good.replace('base.udi', 'bse.udi'), [
      { key: 'base', message: 'Cannot read /project/studies/bse.udi.yaml: ENOENT.', at: '1:7' }]],
    ['a misspelt change of the base', `${good}set: { training.epoch: 3 }\n`, [
      { key: 'set.training.epoch', message: expect.stringContaining('Did you mean "epochs"?') as string, at: '6:8' }]],
    ['a change of the base that names a modality it has not', `${good}set: { method.anchor: grey }\n`, [
      { key: 'set.method.anchor', message: 'Unknown modality "grey". Did you mean "gray"? Known: auto, gray, color.', at: '6:23' }]],
    ['a change of the base that leaves a row of a preset without epochs', `${good}set: { training.epochs: { unimodal: 1, follower: 2 } }\n`, [
      { key: 'set.training.epochs', message: 'No epochs for the stage "joint"; add it or "default". (in components "Sum", components "DC only")', at: '6:8' }]],
    ['a base in the study', 'base:\n  dataset: { name: cgmnist, root: x }\n  method: { name: uid }\n  training: { epochs: 1 }\npresets: [alpha]\n', [
      { key: 'base.method.name', message: expect.stringContaining('Did you mean "udi"?') as string, at: '3:19' }]],
    ['a list instead of a map', '- alpha\n', [
      { key: '', message: 'A study is a map of keys such as base, presets and grid.', at: '1:1' }]],
    ['an alias without an anchor', 'base: *other\n', [
      { key: '', message: expect.stringContaining('no anchor &other') as string, at: '1:7' }]],
  ])('reports %s with its place', (_, text, expected) => {
    expect(problemsOf(text)).toEqual(expected);
  });

  it('names file, line and column of the base where it is the base that is wrong', () => {
    const wrong = baseText.replace('udi', 'uid').replace('epochs: 10', 'epoch: 10');
    const { problems } = parse(good, wrong);
    expect(problems.map(({ key, line, column, message }) => ({ key, at: `${line}:${column}`, message: message.split('. ')[0] }))).toEqual([
      { key: 'base', at: '1:7', message: '/project/studies/base.udi.yaml:2:17: method.name: Unknown method "uid"' },
      { key: 'base', at: '1:7', message: '/project/studies/base.udi.yaml:3:1: training.epochs: Missing; it has no default.' },
      { key: 'base', at: '1:7', message: '/project/studies/base.udi.yaml:3:13: training.epoch: Unknown key "epoch"' },
    ]);
    expect(problems.map(({ inBase }) => `${inBase?.key} ${inBase?.line}`)).toEqual(['method.name 2', 'training.epochs 3', 'training.epoch 3']);
    expect(parse(good, 'dataset: {').problems[0]?.inBase?.line).toBeGreaterThan(0);
  });

  it('reports the study and its base together', () => {
    expect(problemsOf(good.replace('[0, 1]', '[1, 1]'), baseText.replace('udi', 'uid')).map(({ key }) => key)).toEqual(['seeds.1', 'base']);
  });

  it('says which method a preset needs that is not there', () => {
    const without = { ...catalog, methods: catalog.methods.filter(({ id }) => id !== 'dc-only') };
    const [problem, ...others] = parse(good, baseText, without).problems;
    expect(problem).toMatchObject({ key: 'presets.0', line: 3, column: 11 });
    expect(problem?.message).toMatch(/^The preset "components" needs a method that is not in the catalogue\. Unknown method "dc-only"/);
    expect(others).toEqual([]);
  });

  it('throws file:line:column of every problem for callers that cannot go on', () => {
    const text = good.replace('[0, 1]', '[1, 1]');
    const lines = (base: string) => {
      try {
        checked(text, base);
        return [];
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
        return (error as UserError).message.split('\n');
      }
    };
    expect(lines(baseText)).toEqual(['/project/studies/tables.udi-study.yaml:2:12: seeds.1: 1 is listed twice.']);
    expect(lines(baseText.replace('epochs', 'epoch'))).toHaveLength(3);
    expect(lines(baseText.replace('udi', 'uid'))[1]).toMatch(/^\/project\/studies\/base\.udi\.yaml:2:17: method\.name: Unknown method "uid"/);
  });

  it('never throws, and every problem lies in the text, whatever is missing from it', () => {
    const text = `name: x\n${good}methods: { ogm: { method.alpha: 0.8 } }\nset: { training.epochs: 3 }\nparallel: 2\n`;
    expect(parse(text).problems).toEqual([]);
    let wrong = 0;
    for (let start = 0; start < text.length; start++) {
      for (const length of [1, 4, 40]) {
        const cut = text.slice(0, start) + text.slice(start + length);
        const lines = cut.split('\n');
        const { problems, study } = parse(cut);
        expect(study === undefined).toBe(problems.length > 0);
        for (const { line, column, endLine, endColumn, message } of problems) {
          wrong++;
          expect(message).not.toMatch(/undefined|\[object/);
          expect(column).toBeGreaterThan(0);
          expect(column).toBeLessThanOrEqual((lines[line - 1] ?? '').length + 1);
          expect(endLine > line || (endLine === line && endColumn > column)).toBe(true);
        }
      }
    }
    expect(wrong).toBeGreaterThan(100);
  });
});
