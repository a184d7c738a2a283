import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/**
 * A 32-bit seed for one purpose ("init:gray", "split", "batches", ...) of a run with the given seed.
 * The method's name never enters, so runs of different methods with one seed start alike and can be paired.
 * FNV-1a over the text `purpose:seed`, followed by a final avalanche (MurmurHash3's fmix32).
 */
export function seedFor(purpose: string, seed: number): number {
  let hash = 0x811c9dc5;
  for (const character of `${purpose}:${seed}`) {
    hash ^= character.codePointAt(0) ?? 0;
    hash = Math.imul(hash, 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A deterministic stream of random numbers (xoroshiro128+), the same on every platform. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Standard normal (Box–Muller, both values of a pair are used). */
  normal(): number;
  /** Uniform integer in [0, limit). */
  integer(limit: number): number;
  /** A shuffled copy (Fisher–Yates). */
  shuffle(values: ArrayLike<number>): Int32Array;
}

/** Draws that are thrown away at the start of every stream. */
const WARM_UP = 16;

/** Creates the stream that belongs to `seed` (any 32-bit integer). */
export function createRandom(seed: number): Random {
  const generator = xoroshiro128plus(seed | 0);
  // The state starts with few mixed bits; after these draws neighbouring seeds have nothing in common.
  for (let draw = 0; draw < WARM_UP; draw++) uniformFloat64(generator);
  let spare: number | undefined;
  const uniform = (): number => uniformFloat64(generator);
  const integer = (limit: number): number => uniformInt(generator, 0, limit - 1);
  return {
    uniform,
    integer,
    normal() {
      if (spare !== undefined) {
        const value = spare;
        spare = undefined;
        return value;
      }
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const angle = 2 * Math.PI * uniform();
      spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
    shuffle(values) {
      const result = Int32Array.from(values);
      for (let last = result.length - 1; last > 0; last--) {
        const other = integer(last + 1);
        const kept = result[last]!;
        result[last] = result[other]!;
        result[other] = kept;
      }
      return result;
    },
  };
}
