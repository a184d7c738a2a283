import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { jsonAnswer } from '../../src/extension/launch/jsonAnswer.ts';

const schema = z.object({ folder: z.string() });
const answer = (code: number | null, stdout: string) => jsonAnswer({ code, stdout, stderr: 'a.yaml:1:2:\nwrong' }, schema, 'Refused');

describe('jsonAnswer', () => {
  it('reads what was printed', () => {
    expect(answer(0, '{"folder":"/x"}\n')).toEqual({ folder: '/x' });
  });

  it("says the trainer's words if it failed or printed something else", () => {
    for (const [code, stdout] of [[2, '{"folder":"/x"}'], [0, '{"folder":1}'], [0, 'no json']] as const) {
      expect(() => answer(code, stdout)).toThrow(`Refused (exit code ${code}). a.yaml:1:2: wrong`);
    }
    expect(() => answer(null, '')).toThrow('exit code none');
  });
});
