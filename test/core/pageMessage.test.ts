import { expect, it } from 'vitest';
import { packChange, packState, unpackState } from '../../src/core/pageMessage.ts';

/** As VS Code hands a message on. */
function sent(message: unknown): unknown {
  return JSON.parse(JSON.stringify(message));
}

it('brings a state through JSON as it was: numbers that JSON has no word for, and names that read like them', () => {
  const view = { title: 'NaN', values: [1, NaN, null, -Infinity], scores: { Infinity: Infinity, text: 'Infinity' } };
  expect(unpackState(sent(packState(view)))).toEqual(view);
  expect(unpackState(sent(packState(NaN)))).toBeNaN();
  expect(JSON.stringify(packState(view))).toContain('[1,"NaN",null,"-Infinity"]');
});

it('leaves out what is undefined, and takes no array that holds it', () => {
  expect(unpackState(sent(packState({ a: undefined, b: 1 })))).toEqual({ b: 1 });
  // @ts-expect-error JSON would make null of it
  packState({ values: [1, undefined] });
});

it('knows its own messages only', () => {
  for (const message of [undefined, null, 'state', { type: 'state' }, { type: 'other', view: 1, numbers: [] }]) expect(unpackState(message)).toBeUndefined();
});

it('of changed keys are laid over the state before, and are nothing without one', () => {
  const before = unpackState(sent(packState({ run: { losses: [1, NaN] }, progress: { step: 1 } })));
  expect(unpackState(sent(packChange({ progress: { step: Infinity } })), before)).toEqual({ run: { losses: [1, NaN] }, progress: { step: Infinity } });
  expect(unpackState(sent(packChange({ progress: { step: 2 } })))).toBeUndefined();
});
