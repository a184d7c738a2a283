import type { Catalog } from '../../src/core/config/catalog.ts';

/** A small catalogue for tests of the config, independent of what the trainer offers. */
export const catalog: Catalog = {
  version: '0.0.0',
  methods: [
    { id: 'sum', label: 'Sum', source: 'test', stages: ['joint'], hparams: {} },
    {
      id: 'udi', label: 'UDI', source: 'test', stages: ['unimodal', 'follower'],
      hparams: {
        anchor: { type: 'modality', choices: ['auto'], default: 'auto', help: 'The anchor.' },
        alpha: {
          type: 'either', default: 'dynamic', help: 'Weights.', of: [
            { type: 'choice', values: ['dynamic'], help: '' },
            { type: 'map', entries: { consistency: { type: 'number', min: 0, help: '' }, complementary: { type: 'number', min: 0, help: '' } }, help: '' },
          ],
        },
        tieTolerance: { type: 'number', min: 0, max: 100, default: 1.5, help: 'Points.' },
      },
    },
  ],
  datasets: [
    {
      id: 'cgmnist', label: 'CGMNIST', source: 'test', modalities: ['gray', 'color'],
      settings: {
        root: { type: 'path', help: 'Folder.' },
        limit: {
          type: 'map', optional: true, help: 'Sizes.', entries: {
            train: { type: 'number', integer: true, min: 1, optional: true, help: '' }, test: { type: 'number', integer: true, min: 1, optional: true, help: '' },
          },
        },
      },
    },
    { id: 'arrays', label: 'Arrays', source: 'test', settings: {} },
  ],
  encoders: [
    { id: 'cgmnist', label: 'Conv', source: 'test', settings: { weights: { type: 'path', optional: true, help: 'File.' } } },
    {
      id: 'mlp', label: 'MLP', source: 'test',
      settings: {
        width: { type: 'number', integer: true, min: 1, default: 64, help: 'Units.', source: 'test' },
        weights: { type: 'path', optional: true, help: 'File.' }, freeze: { type: 'list', of: { type: 'text', help: 'Name.' }, min: 1, optional: true, help: 'Names.' },
      },
    },
  ],
  fusions: [{ id: 'sum', label: 'Sum' }, { id: 'mean', label: 'Mean' }, { id: 'concat', label: 'Concat' }],
  devices: [{ id: 'wasm', label: 'WASM' }, { id: 'cpu', label: 'CPU' }],
};
