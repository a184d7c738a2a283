import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runConfigSchema } from '../../src/core/config/config.ts';
import { parseConfig, requireConfig } from '../../src/core/config/parseConfig.ts';
import { resolvePaths } from '../../src/core/run/runPaths.ts';
import { catalog } from './catalogFixture.ts';

const parse = (text: string, overrides: string[] = []) => parseConfig(text, catalog, { name: 'fallback', overrides });
const problemsOf = (text: string, overrides: string[] = []) =>
  parse(text, overrides).problems.map(({ key, message, line, column }) => ({ key, message, at: `${line}:${column}` }));

const good = `name: first
dataset: { name: cgmnist, root: ./mnist }
method: { name: udi }
training: { epochs: 10 }
`;

describe('parseConfig', () => {
  it('fills in every default', () => {
    expect(parse(good).config).toEqual({
      name: 'first',
      dataset: { name: 'cgmnist', root: './mnist' },
      model: { fusion: 'sum' },
      method: { name: 'udi', anchor: 'auto', alpha: 'dynamic', tieTolerance: 1.5 },
      training: {
        epochs: 10, batchSize: 64, learningRate: 0.01, momentum: 0.9, weightDecay: 0.0001,
        schedule: { name: 'constant' }, keep: 'best', seed: 0,
      },
      device: 'auto',
    });
  });

  it('takes JSON and the name of the file', () => {
    const text = '{"dataset":{"name":"arrays"},"method":{"name":"sum"},"training":{"epochs":1}}';
    expect(parse(text).config?.name).toBe('fallback');
  });

  it('cuts the name of a file to what a name may be, and never through a character', () => {
    const unnamed = good.replace('name: first\n', '');
    const named = (name: string) => parseConfig(unnamed, catalog, { name }).config?.name;
    expect(named('x'.repeat(150))).toBe('x'.repeat(120));
    expect(named(`${'x'.repeat(119)}😀y`)).toBe('x'.repeat(119));
    expect(named('')).toBe('run');
  });

  it.each([
    ['mlp', 'mlp'],
    ['{ name: mlp }', { name: 'mlp', width: 64 }],
    ['{ name: mlp, width: 8, weights: a.safetensors, freeze: [fc1] }', { name: 'mlp', width: 8, weights: 'a.safetensors', freeze: ['fc1'] }],
    ['{ gray: cgmnist, color: { name: mlp } }', { gray: 'cgmnist', color: { name: 'mlp', width: 64 } }],
  ])('takes encoders by name, with settings and by modality: %s', (text, expected) => {
    const { config, problems } = parse(good.replace('method:', `model: { encoder: ${text} }\nmethod:`));
    expect(problems).toEqual([]);
    expect(config?.model.encoder).toEqual(expected);
    expect(parse(JSON.stringify(config)).config, 'stable').toEqual(config);
    expect(runConfigSchema.parse(config)).toEqual(config);
  });

  it('takes the paths of encoders from the folder of the file, as it does those of the dataset', () => {
    const encoderAt = (text: string) => resolvePaths(parse(good.replace('method:', `model: { encoder: ${text} }\nmethod:`)).config!, catalog, '/configs').model.encoder;
    expect(encoderAt('{ name: mlp, weights: a.safetensors }')).toEqual({ name: 'mlp', width: 64, weights: resolve('/configs/a.safetensors') });
    expect(encoderAt('{ gray: { name: cgmnist, weights: ../b }, color: mlp }')).toEqual({ gray: { name: 'cgmnist', weights: resolve('/b') }, color: 'mlp' });
    expect(encoderAt('mlp')).toBe('mlp');
    expect(resolvePaths(parse(good).config!, catalog, '/configs').model).toEqual({ fusion: 'sum' });
  });

  it('is stable: a complete config parses to itself', () => {
    const { config } = parse(good);
    expect(parse(JSON.stringify(config)).config).toEqual(config);
  });

  it.each([
    ['a misspelt top-level key', good.replace('training', 'trainig'), [
      { key: 'training', message: 'Missing; it has no default.', at: '1:1' },
      { key: 'trainig', message: 'Unknown key "trainig". Did you mean "training"? Known: name, dataset, model, method, training, device.', at: '4:1' }]],
    ['a misspelt nested key', good.replace('epochs: 10', 'epochs: 10, learningrate: 0.1'), [
      { key: 'training.learningrate', message: expect.stringContaining('Did you mean "learningRate"?') as string, at: '4:25' }]],
    ['a misspelt dataset', good.replace('cgmnist', 'cgmnst'), [
      { key: 'dataset.name', message: 'Unknown dataset "cgmnst". Did you mean "cgmnist"? Known: cgmnist, arrays.', at: '2:18' }]],
    ['a misspelt method key', good.replace('name: udi', 'name: udi, ancor: gray'), [
      { key: 'method.ancor', message: expect.stringContaining('Did you mean "anchor"?') as string, at: '3:22' }]],
    ['a number that is text', good.replace('epochs: 10', 'epochs: ten'), [
      { key: 'training.epochs', message: 'Must be a number or a map, not "ten".', at: '4:21' }]],
    ['a number out of range', good.replace('epochs: 10', 'epochs: 10, momentum: 1.5'), [
      { key: 'training.momentum', message: 'Must be below 1, not 1.5.', at: '4:35' }]],
    ['a misspelt encoder', good.replace('method:', 'model: { encoder: { name: mpl } }\nmethod:'), [
      { key: 'model.encoder.name', message: 'Unknown encoder "mpl". Did you mean "mlp"? Known: cgmnist, mlp.', at: '3:27' }]],
    ['a misspelt setting of an encoder', good.replace('method:', 'model: { encoder: { name: mlp, widht: 3 } }\nmethod:'), [
      { key: 'model.encoder.widht', message: expect.stringMatching(/^Unknown key "widht"\. Did you mean "width"\? Known: name, width, weights, freeze\.$/) as string, at: '3:32' }]],
    ['a setting of another encoder', good.replace('method:', 'model: { encoder: { gray: mlp, color: { name: cgmnist, width: 3 } } }\nmethod:'), [
      { key: 'model.encoder.color.width', message: 'Unknown key "width". Known: name, weights.', at: '3:56' }]],
    ['a setting of an encoder out of range', good.replace('method:', 'model: { encoder: { gray: { name: mlp, width: 0, freeze: fc1 } } }\nmethod:'), [
      { key: 'model.encoder.gray.width', message: 'Must be at least 1, not 0.', at: '3:47' },
      { key: 'model.encoder.gray.freeze', message: 'Must be a list, not "fc1".', at: '3:58' }]],
    ['an encoder for an unknown modality', good.replace('method:', 'model: { encoder: { grey: { name: mlp } } }\nmethod:'), [
      { key: 'model.encoder.grey', message: expect.stringContaining('Unknown modality "grey". Did you mean "gray"?') as string, at: '3:21' }]],
    ['a misspelt schedule', good.replace('epochs: 10', 'epochs: 10, schedule: { name: cosin }'), [
      { key: 'training.schedule.name', message: 'Unknown schedule "cosin". Did you mean "cosine"? Known: constant, step, cosine.', at: '4:43' }]],
    ['a key of another schedule', good.replace('epochs: 10', 'epochs: 10, schedule: { name: cosine, every: 3 }'), [
      { key: 'training.schedule.every', message: expect.stringContaining('Known: name, final.') as string, at: '4:51' }]],
    ['a misspelt key of a group', good.replace('epochs: 10', 'epochs: 10, groups: [{ params: encoder, weightdecay: 0 }]'), [
      { key: 'training.groups.0.weightdecay', message: expect.stringContaining('Did you mean "weightDecay"? Known: params, learningRateFactor, weightDecay.') as string, at: '4:53' }]],
    ['a warm-up in steps and epochs', good.replace('epochs: 10', 'epochs: 10, warmup: { steps: 3, epochs: 1 }'), [
      { key: 'training.warmup', message: 'Must be a map with either steps or epochs, not {"steps":3,"epochs":1}.', at: '4:25' }]],
    ['a missing path', good.replace(', root: ./mnist', ''), [
      { key: 'dataset.root', message: 'Missing; it has no default.', at: '2:1' }]],
    ['an unknown modality as anchor', good.replace('name: udi', 'name: udi, anchor: grey'), [
      { key: 'method.anchor', message: 'Unknown modality "grey". Did you mean "gray"? Known: auto, gray, color.', at: '3:30' }]],
    ['half of a fixed alpha', good.replace('name: udi', 'name: udi, alpha: { consistency: 1 }'), [
      { key: 'method.alpha.complementary', message: 'Missing; it has no default.', at: '3:22' }]],
    ['a wrong key in a map of numbers', good.replace('root: ./mnist', 'root: ./mnist, limit: { trian: 5 }'), [
      { key: 'dataset.limit.trian', message: expect.stringContaining('Did you mean "train"?') as string, at: '2:51' }]],
    ['epochs of a stage that does not exist', good.replace('epochs: 10', 'epochs: { default: 3, folower: 2 }'), [
      { key: 'training.epochs.folower', message: expect.stringContaining('Did you mean "follower"?') as string, at: '4:35' }]],
    ['a stage without epochs', good.replace('epochs: 10', 'epochs: { unimodal: 3 }'), [
      { key: 'training.epochs', message: 'No epochs for the stage "follower"; add it or "default".', at: '4:13' }]],
    ['an unknown schedule', good.replace('epochs: 10', 'epochs: 10, schedule: { name: stp }'), [
      { key: 'training.schedule.name', message: 'Unknown schedule "stp". Did you mean "step"? Known: constant, step, cosine.', at: '4:43' }]],
    ['a list instead of a map', '- 1\n- 2\n', [
      { key: '', message: 'A config is a map of keys such as dataset, method and training.', at: '1:1' }]],
  ])('reports %s with its place', (_, text, expected) => {
    expect(problemsOf(text).sort((a, b) => a.at.localeCompare(b.at))).toEqual(expected.sort((a, b) => a.at.localeCompare(b.at)));
  });

  it('reports broken YAML with its line, and an empty file', () => {
    expect(problemsOf('name: "open\nmethod: x\n')[0]?.at).toMatch(/^[123]:/);
    expect(problemsOf('dataset: *other\n')).toEqual([{ key: '', message: expect.stringContaining('no anchor &other') as string, at: '1:10' }]);
    expect(problemsOf('').map((problem) => problem.key).sort()).toEqual(['dataset', 'method', 'training']);
  });

  it('applies overrides', () => {
    const { config } = parse(good, ['training.seed=7', 'method.alpha={consistency: 1, complementary: 0}', 'training.schedule.name=step', 'training.schedule.every=5']);
    expect(config?.training.seed).toBe(7);
    expect(config?.method['alpha']).toEqual({ consistency: 1, complementary: 0 });
    expect(config?.training.schedule).toEqual({ name: 'step', every: 5, factor: 0.1 });
  });

  it('drops the settings of the method that an override replaces, and only then', () => {
    const base = good.replace('name: udi', 'name: udi, anchor: gray');
    expect(parse(base, ['method.name=sum']).config?.method).toEqual({ name: 'sum' });
    expect(parse(base, ['method.name=udi']).config?.method['anchor']).toBe('gray');
  });

  it('refuses a method that does not take the modalities of the dataset, at its name', () => {
    const one = { ...catalog, methods: catalog.methods.map((method) => ({ ...method, modalities: { min: 3, reason: 'It needs a majority.' } })) };
    const [problem] = parseConfig(good, one, { name: 'fallback' }).problems;
    expect(problem).toMatchObject({ key: 'method.name', line: 3, column: 17, message: expect.stringMatching(/at least 3 .*It needs a majority\.$/) as string });
  });

  it('throws file:line:column for callers that cannot go on', () => {
    expect(() => requireConfig(good.replace('udi', 'uid'), catalog, 'a.udi.yaml', { name: 'a' })).toThrow(/^a\.udi\.yaml:3:17: method\.name: Unknown method "uid"/);
  });
});
