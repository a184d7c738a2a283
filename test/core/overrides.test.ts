import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/core/errors.ts';
import { parseConfig, requireConfig } from '../../src/core/config/parseConfig.ts';
import { catalog } from './catalogFixture.ts';

const good = `name: first
dataset: { name: cgmnist, root: ./mnist }
method: { name: udi }
training: { epochs: 10 }
`;
const read = (...overrides: string[]) => parseConfig(good, catalog, { name: 'fallback', overrides }).config;

/** What is said of a config that cannot be used, line by line. */
function refusal(text: string, ...overrides: string[]): string[] {
  try {
    requireConfig(text, catalog, 'a.udi.yaml', { name: 'a', overrides });
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return (error as UserError).message.split('\n');
  }
  throw new Error('nothing was refused');
}

describe('overrides', () => {
  it.each([
    ['name=run #3', 'run #3'], ['name=[abc', '[abc'], ['name=*x', '*x'], ['name=a: b', 'a: b'], ['name=12', '12'], ['name=1e3', '1e3'],
    ['name = spaced ', 'spaced'], ['name="run #3"', 'run #3'], ["name='it''s'", "it's"], ['name=true', 'true'], ['name=a=b', 'a=b'],
    ['name=C:\\new', 'C:\\new'], ['name=消融', '消融'],
  ])('take a text as it stands: %s', (override, name) => {
    expect(read(override)?.name).toBe(name);
  });

  it('take paths and names of things as they stand, and YAML elsewhere', () => {
    expect(read('dataset.root=/data #2')?.dataset['root']).toBe('/data #2');
    expect(read('dataset.root=~')?.dataset['root']).toBe('~');
    expect(read('method.name=sum', 'device=cpu', 'model.encoder={ gray: mlp }')).toMatchObject({ method: { name: 'sum' }, device: 'cpu', model: { encoder: { gray: 'mlp' } } });
    expect(read('training.epochs={ unimodal: 2, follower: 3 }', 'training.epochs.follower=4')?.training.epochs).toEqual({ unimodal: 2, follower: 4 });
    expect(read('training.learningRate=1e-4', 'training.learningRate=0.5')?.training.learningRate).toBe(0.5);
  });

  it('know which settings take texts by the section that the overrides name, in any order', () => {
    const text = 'dataset: { name: arrays }\nmethod: { name: sum }\ntraining: { epochs: 1 }\n';
    const { config } = parseConfig(text, catalog, { name: 'x', overrides: ['dataset.root=/a #b', 'dataset.name=cgmnist', 'method.anchor=gray #1', 'method.name=udi'] });
    expect(config).toBeUndefined();
    expect(refusal(text, 'dataset.root=/a #b', 'dataset.name=cgmnist', 'method.anchor=gray #1', 'method.name=udi')).toEqual(
      ['--set method.anchor=gray #1: Unknown modality "gray #1". Known: auto, gray, color.']);
  });

  it.each([
    ['training.seed=*x', 'There is no anchor &x'], ['training.seed=1 # of three', 'would be a comment (# of three)'],
    ['training.seed=[1', 'not closed'], ['training.seed={ a: 1, a: 2 }', 'stands twice'], ['training.seed=!int 3', 'The tag "!int" is not known'],
    ['training.seed=', 'There is no value'], ['training..seed=1', 'has an empty part'], ['.seed=1', 'has an empty part'], ['training.=1', 'has an empty part'],
    ['name="open', 'not closed'], ['name="a" and "b"', 'cannot stand here'], ['nonsense', 'not of the form key=value'], ['=1', 'not of the form key=value'],
    ['training.seed=&a [*a]', 'cannot be followed'], ['training.seed=1\n---\n2', 'a file holds one'], ['nowhere=[abc', 'not closed'],
  ])('that cannot be read exactly are refused: %s', (override, why) => {
    const lines = refusal(good, override).join('\n');
    expect(lines).toContain(`--set ${override}: `);
    expect(lines).toContain(why);
    expect(lines).not.toContain('a.udi.yaml');
  });

  it('that cannot be read are said all at once', () => {
    expect(refusal(good, 'training.seed=*x', 'training.epochs=5', 'nonsense')).toMatchObject([/^--set nonsense:/, /^--set training\.seed=\*x:/].map((each) => expect.stringMatching(each) as unknown));
  });

  it.each([
    ['its own value', ['training.epochs=-1'], '--set training.epochs=-1: Must be '],
    ['a part of its value', ['training.schedule={ name: step }'], '--set training.schedule={ name: step }: training.schedule.every: Missing'],
    ['a key that is not known', ['training.lr=1'], '--set training.lr=1: Unknown key "lr". Did you mean "learningRate"?'],
    ['what a new name needs', ['method.name=sum', 'dataset.name=cgmnist', 'training.schedule.name=step'], '--set training.schedule.name=step: training.schedule.every: Missing'],
    ['the last of several', ['training.seed=-1', 'training.seed=-2'], '--set training.seed=-2: Must be '],
  ])('are named by a problem with %s', (_, overrides, message) => {
    const lines = refusal(good, ...overrides);
    expect(lines).toHaveLength(1);
    expect(lines[0]!.startsWith(message)).toBe(true);
  });

  it('are named by what they break elsewhere in the file, and not by what was wrong before', () => {
    const staged = good.replace('epochs: 10', 'epochs: { unimodal: 1, follower: 2 }');
    const lines = refusal(staged, 'training.seed=3', 'method.name=sum');
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line).toMatch(/^a\.udi\.yaml:4:\d+: training\.epochs.*\(with --set method\.name=sum\)$/);
    expect(refusal(good.replace('epochs: 10', 'epochs: 10, momentum: 2'), 'training.seed=3')).toEqual(['a.udi.yaml:4:35: training.momentum: Must be below 1, not 2.']);
  });
});
