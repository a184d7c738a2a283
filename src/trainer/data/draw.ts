import { createRandom, seedFor, type Random } from '../../core/random.ts';

/**
 * The random stream of one sample's augmentation in one epoch: it depends on the run's seed, the epoch, the sample and the
 * modality alone, so neither workers nor their order nor an interruption changes what is drawn.
 */
export function drawFor(seed: number, epoch: number, sample: string, modality: string): Random {
  return createRandom(seedFor(`augment:${modality}:${epoch}:${sample}`, seed));
}
