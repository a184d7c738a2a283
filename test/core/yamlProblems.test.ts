import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/core/config/parseConfig.ts';
import { catalog } from './catalogFixture.ts';

const parse = (text: string) => parseConfig(text, catalog, { name: 'fallback' });
const problemsOf = (text: string) => parse(text).problems.map(({ key, message, line, column }) => ({ key, message, at: `${line}:${column}` }));

const good = `dataset: { name: cgmnist, root: ./mnist }
method: { name: udi }
training: { epochs: 10 }
`;

describe('shared blocks', () => {
  it('are merged from keys that begin with x- or a dot, whole or in part', () => {
    const text = `x-defaults: &defaults { batchSize: 32, learningRate: 1e-2 }
.method: &method { name: udi, anchor: gray }
dataset: { name: cgmnist, root: ./mnist }
method: *method
training:
  <<: [*defaults, { momentum: 0, batchSize: 8 }]
  learningRate: 0.5
  epochs: 1
`;
    expect(parse(text).config).toMatchObject({
      method: { name: 'udi', anchor: 'gray' }, training: { batchSize: 32, learningRate: 0.5, momentum: 0, epochs: 1 },
    });
    expect(parse(text).config).not.toHaveProperty('x-defaults');
    expect(parse(`x-all: &all { device: cpu, training: { epochs: 3 } }\n<<: *all\n${good.replace(/training.*\n/, '')}`).config).toMatchObject({ device: 'cpu', training: { epochs: 3 } });
  });

  it('are where their problems stand', () => {
    expect(problemsOf(`x-t: &t { batchSize: 0, epochs: 1 }\n${good.replace('{ epochs: 10 }', '{ <<: *t }')}`)).toMatchObject([{ key: 'training.batchSize', at: '1:22' }]);
    expect(problemsOf(`x-t: &t\n  epoch: 1\n  epochs: 1\n${good.replace('{ epochs: 10 }', '*t')}`)).toMatchObject([{ key: 'training.epoch', at: '2:3' }]);
    const merged = 'x-a: &a { epochs: none }\nx-b: &b { <<: *a, seed: 1 }\n';
    expect(problemsOf(merged + good.replace('{ epochs: 10 }', '{ <<: *b }'))).toMatchObject([{ key: 'training.epochs', at: '1:19' }]);
  });

  it('under another key: the message says how such a key begins', () => {
    const text = `defaults: &defaults { batchSize: 32 }\n${good.replace('{ epochs: 10 }', '{ <<: *defaults, epochs: 1 }')}`;
    expect(problemsOf(text)).toMatchObject([{ key: 'defaults', message: expect.stringContaining('x-defaults') as string, at: '1:1' }]);
    expect(problemsOf(`defaults: 1\n${good}`)[0]!.message).not.toContain('x-defaults');
  });

  it.each([
    ['a merge of something else', good.replace('epochs: 10', '<<: 3, epochs: 10'), 'takes a map', '3:13'],
    ['a merge of nothing', good.replace('epochs: 10', '<<: *none, epochs: 10'), 'no anchor &none', '3:17'],
    ['a block that holds itself', `x-a: &a [*a]\n${good}`, 'holds itself', '1:1'],
    ['a merge of itself', good.replace('{ epochs: 10 }', '&t { <<: *t, epochs: 10 }'), '', ''],
  ])('%s is refused or read, never thrown', (_, text, message, at) => {
    const problems = problemsOf(text);
    if (message !== '') expect(problems).toMatchObject([{ message: expect.stringContaining(message) as string, at }]);
  });
});

describe('what the parser refuses is said in words of our own, once and in place:', () => {
  it.each([
    ['several documents', `---\n${good}---\nname: second\n`, 'a file holds one', '5:1'],
    ['a tab', good.replace('training: { epochs: 10 }', 'training:\n\tepochs: 10'), 'A tab cannot indent', '4:1'],
    ['an open quote', `${good}name: "open\n`, 'A quoted text that begins above is not closed', '5:1'],
    ['a key twice', good.replace('epochs: 10', 'epochs: 10, epochs: 11'), 'The key "epochs" stands twice', '3:25'],
    ['keys of one map in two columns', good.replace('{ epochs: 10 }', '\n  epochs: 10\n seed: 1'), 'begin in the same column', '5:1'],
    ['a key below a value', good.replace('{ epochs: 10 }', '\n  epochs: 10\n    seed: 1'), 'belongs to a key that has a value already', '4:11'],
    ['open braces', good.replace('epochs: 10 }', 'epochs: 10'), 'not closed', '4:1'],
    ['a missing comma', good.replace('epochs: 10', 'epochs: 10 seed: 1'), 'one is missing here', '3:21'],
    ['a backslash in double quotes', good.replace('./mnist', '"C:\\mnist"'), 'Write the text in single quotes', '1:36'],
    ['a text that begins with @', `name: @me\n${good}`, 'cannot begin with "@"', '1:7'],
    ['no colon', `${good}device\n`, 'a colon with a space after it is missing', '4:1'],
    ['a colon without space', `device:cpu\n${good}`, 'A colon needs a space after it', '1:1'],
    ['two colons', `name: a: b\n${good}`, 'Two colons on one line', '1:7'],
    ['a tag', good.replace('./mnist', '!env HOME'), 'The tag "!env" is not known', '1:33'],
    ['a variable in braces', good.replace('epochs: 10', 'epochs: ${oc.env:EPOCHS}, batchSize: 64'), '${…} inside [ ] and { } needs quotes', '3:22'],
    ['conflict markers', `<<<<<<< HEAD\nname: a\n=======\nname: b\n>>>>>>> b\n${good}`, 'conflict markers', '1:1'],
    ['UTF-16', `\uFFFD\uFFFD${[...good].join('\0')}\0`, 'PowerShell', '1:1'],
    ['Latin-1', `name: f\uFFFDr mich\n${good}`, 'not UTF-8', '1:7'],
  ])('%s', (_, text, message, at) => {
    expect(problemsOf(text)).toEqual([{ key: '', message: expect.stringContaining(message) as string, at }]);
  });

  it('keys that are there twice are said one by one', () => {
    expect(problemsOf(`name: a\nname: b\n${good}device: cpu\ndevice: cpu\n`)).toMatchObject([{ at: '2:1' }, { at: '7:1' }]);
  });
});

describe('values', () => {
  it('that no number can be are shown as they are', () => {
    for (const [text, shown] of [['.nan', 'NaN'], ['.inf', 'Infinity'], ['-.inf', '-Infinity']]) {
      expect(problemsOf(good.replace('epochs: 10', `epochs: 10, learningRate: ${text}`))[0]!.message).toBe(`Must be a finite number, not ${shown}.`);
    }
    expect(problemsOf(good.replace('epochs: 10', 'epochs: 10, batchSize: [.nan]'))[0]!.message).toContain('NaN');
  });

  it('that YAML takes for nothing: the message says so', () => {
    expect(problemsOf(good.replace('./mnist', '~'))).toMatchObject([{ key: 'dataset.root', message: expect.stringMatching(/^Must be a string, not null\. YAML takes ~ alone/) as string, at: '1:33' }]);
  });

  it('that stand for variables: the message says where these are read', () => {
    expect(problemsOf(good.replace('epochs: 10', "epochs: '${EPOCHS}'"))[0]!.message).toMatch(/not "\$\{EPOCHS\}"\. Variables are read in paths only/);
  });
});

describe('"did you mean"', () => {
  it.each([
    ['epochs: 10', 'epochs: 10, lr: 0.1', 'learningRate'], ['epochs: 10', 'epochs: 10, batch_size: 8', 'batchSize'],
    ['epochs: 10', 'epochs: 10, weight_decay: 0', 'weightDecay'], ['epochs: 10', 'num_epochs: 10', 'epochs'],
    ['epochs: 10', 'epochs: 10, lr_scheduler: step', 'schedule'], ['epochs: 10', 'epochs: 10, random-seed: 1', 'seed'],
    ['root:', 'data_path:', 'root'], ['name: udi', 'name: udi, tie_tolerance: 1', 'tieTolerance'],
    ['name: udi', 'name: UDI', 'udi'], ['name: udi', 'name: OGM-GE', 'ogm'], ['name: udi', 'name: Sum (joint training)', 'sum'],
    ['name: cgmnist', 'name: MNIST', 'cgmnist'], ['name: udi', 'name: udi, anchor: Color', 'color'],
    ['training:', 'model: { fusion: Concat }\ntraining:', 'concat'], ['training:', 'model: { encoder: MLP }\ntraining:', 'mlp'],
    ['training:', 'model: { encoder: { Gray: mlp } }\ntraining:', 'gray'],
    ['training:', 'lr: 0.1\ntraining:', 'training.learningRate'], ['training:', 'batch_size: 1\ntraining:', 'training.batchSize'],
    ['training:', 'fusion: sum\ntraining:', 'model.fusion'], ['epochs: 10', 'epochs: 10, fusion: sum', 'model.fusion'],
  ])('for %s written as %s', (from, to, meant) => {
    const known = { ...catalog, methods: [{ ...catalog.methods[0]!, label: 'Sum (joint training)' }, { ...catalog.methods[0]!, id: 'ogm', label: 'OGM' }, catalog.methods[1]!] };
    const messages = parseConfig(good.replace(from, to), known, { name: 'x' }).problems.map(({ message }) => message);
    expect(messages.join('\n')).toContain(`Did you mean "${meant}"?`);
  });

  it('is said of nothing that is far from every name', () => {
    expect(problemsOf(`optimizer_kwargs_and_more: 1\n${good}`)[0]!.message).not.toContain('Did you mean');
  });
});
