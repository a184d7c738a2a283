import { describe, expect, it } from 'vitest';
import { requireTrust } from '../../src/extension/trust.ts';

describe('requireTrust', () => {
  it('refuses with a reason in Restricted Mode', () => {
    expect(() => requireTrust(false)).toThrow(/^Restricted Mode: .* because it starts programs/);
    expect(() => requireTrust(true)).not.toThrow();
  });
});
