/** The split on which the reported epochs of a run were selected; `test` only in runs that were imported. */
export type SelectionSplit = 'validation' | 'test';
/** The same for several runs together. */
export type Selection = SelectionSplit | 'mixed';

/** What a table of results says below itself. */
export const selectionNotes: Readonly<Record<Selection, string>> = {
  validation: 'Epochs selected on validation.',
  test: 'Epochs selected on test (imported).',
  mixed: 'Epochs of some runs selected on test (imported).',
};

/** Where the epochs of these runs were selected; runs without results do not count, and validation is the rule. */
export function selectionOf(splits: Iterable<SelectionSplit | undefined>): Selection {
  const known = new Set(splits);
  if (!known.has('test')) return 'validation';
  return known.has('validation') ? 'mixed' : 'test';
}
