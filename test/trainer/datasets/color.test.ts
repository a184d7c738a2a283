import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import {
  createNormalizationTable, createTintTable, drawColors, drawIndependentColors, meanColors,
} from '../../../src/trainer/datasets/color.ts';

/** Mean and deviation of the reference's training colors by class (5,421 to 6,742 colors each). */
const reference: readonly (readonly [mean: number[], deviation: number[]])[] = [
  [[204.1, 43.5, 67.5], [33.3, 30.1, 37.5]],
  [[35.4, 128.3, 128.5], [26.8, 42.8, 43.0]],
  [[219.2, 210.2, 41.7], [26.8, 31.0, 29.9]],
  [[35.1, 148.3, 177.0], [26.3, 43.0, 39.7]],
  [[212.3, 143.9, 50.0], [30.3, 42.5, 33.4]],
  [[145.0, 47.9, 182.0], [42.5, 31.7, 38.8]],
  [[75.0, 213.5, 214.2], [39.3, 29.3, 29.4]],
  [[218.1, 189.0, 181.5], [27.3, 37.9, 38.9]],
  [[197.7, 216.4, 68.0], [35.6, 28.7, 37.8]],
  [[127.3, 35.3, 35.1], [43.8, 26.3, 26.8]],
];

function statistics(colors: Uint8Array, channel: number): { mean: number; deviation: number } {
  const values = Array.from({ length: colors.length / 3 }, (_, row) => colors[row * 3 + channel]!);
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(variance) };
}

describe('drawn colors', () => {
  it('have the mean and deviation of the reference in every class and channel', () => {
    const random = createRandom(11);
    reference.forEach(([means, deviations], digit) => {
      const colors = drawColors(new Uint8Array(6000).fill(digit), 0.03, random);
      for (const channel of [0, 1, 2]) {
        const { mean, deviation } = statistics(colors, channel);
        expect(Math.abs(mean - means[channel]!)).toBeLessThan(2.5);
        expect(Math.abs(deviation - deviations[channel]!)).toBeLessThan(1.5);
      }
    });
  });

  it('are drawn again outside 0..1, not clipped: the ends hold no more than their share', () => {
    // Class 9 has green 0: clipping would put half of all values on the byte 0.
    const colors = drawColors(new Uint8Array(6000).fill(9), 0.03, createRandom(1));
    const zeros = colors.filter((value, at) => at % 3 === 1 && value === 0).length;
    expect(zeros / 6000).toBeLessThan(0.03);
  });

  it('are the mean colors without variance', () => {
    const colors = drawColors([3, 0, 7], 0, createRandom(1));
    expect([...colors]).toEqual([...meanColors[3]!, ...meanColors[0]!, ...meanColors[7]!]);
  });

  it('come around all ten mean colors alike by the test rule', () => {
    const colors = drawIndependentColors(20_000, 0, createRandom(5));
    const counts = new Map<string, number>();
    for (let at = 0; at < colors.length; at += 3) {
      const color = colors.slice(at, at + 3).join();
      counts.set(color, (counts.get(color) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(meanColors.map((color) => color.join()).sort());
    for (const count of counts.values()) expect(Math.abs(count - 2000)).toBeLessThan(200);
  });

  it('are the same for the same seed only', () => {
    const draw = (seed: number) => [...drawIndependentColors(50, 0.03, createRandom(seed))];
    expect(draw(3)).toEqual(draw(3));
    expect(draw(3)).not.toEqual(draw(4));
  });
});

describe('tables', () => {
  it('tint with round(I * C / 255)', () => {
    const tint = createTintTable();
    for (let channel = 0; channel < 256; channel++) {
      for (let level = 0; level < 256; level++) {
        if (tint[channel * 256 + level] !== Math.round((level * channel) / 255)) expect.fail(`${level} ${channel}`);
      }
    }
  });

  it('normalise bytes', () => {
    const table = createNormalizationTable(0.1307, 0.3081);
    expect(table[0]).toBeCloseTo(-0.4242129, 6);
    expect(table[255]).toBeCloseTo(2.8214867, 6);
  });
});
