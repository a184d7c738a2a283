import { createRandom, type Random } from '../../core/random.ts';

/** Time steps and frequency bands of a spectrogram. */
export const spokenShape = [20, 24] as const;

/** A band of energy that moves over the word: center (bands) at its middle, drift over the word, and bow of the path. */
interface Formant {
  readonly center: number;
  readonly drift: number;
  readonly bow: number;
}

/** Formants of the ten words, low to high. Drawn once and for all: which word sounds how is no matter of the seed of a run. */
const words: readonly (readonly Formant[])[] = drawWords(createRandom(77));

/**
 * One spectrogram [20, 24] for every label (class 0..9), row-major: three formants that get fainter upwards, with the pitch, the
 * pace and the onset of a speaker of its own, in noise of deviation `noise` beside a loudest formant of 1.
 */
export function speakDigits(labels: Int32Array, noise: number, random: Random): Float32Array {
  const [steps, bands] = spokenShape;
  const values = new Float32Array(labels.length * steps * bands);
  labels.forEach((digit, row) => {
    const pitch = 1.2 * random.normal();
    const pace = Math.exp(0.15 * random.normal());
    const onset = 1.5 * random.normal();
    for (let step = 0; step < steps; step++) {
      const along = (step - onset) / (steps * pace);
      for (let band = 0; band < bands; band++) {
        const energy = words[digit]!.reduce((sum, { center, drift, bow }, index) => {
          const distance = band - (center + pitch + drift * (along - 0.5) + bow * (2 * along - 1) ** 2);
          return sum + (1 - 0.25 * index) * Math.exp(-distance * distance / 2);
        }, 0);
        values[(row * steps + step) * bands + band] = loudness(along) * energy + noise * random.normal();
      }
    }
  });
  return values;
}

/** Swells and fades over the word, which ends at 0.9 of its time. */
function loudness(along: number): number {
  return along <= 0 || along >= 0.9 ? 0 : Math.sqrt(Math.sin((Math.PI * along) / 0.9));
}

function drawWords(random: Random): Formant[][] {
  return Array.from({ length: 10 }, () => Array.from({ length: 3 }, (_, index): Formant => (
    { center: 3 + 6 * index + 4 * random.uniform(), drift: 6 * (random.uniform() - 0.5), bow: 5 * (random.uniform() - 0.5) })));
}
