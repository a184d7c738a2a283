import { z } from 'zod';

const terms = z.looseObject({ consistency: z.unknown(), complementary: z.unknown() });
const oldEpoch = z.looseObject({
  type: z.literal('epoch'),
  alpha: terms.optional(),
  xi: terms.optional(),
  mi: z.unknown().optional(),
  losses: z.record(z.string(), z.unknown()).optional(),
  readings: z.record(z.string(), z.unknown()).optional(),
});

/**
 * An event as it is now: the weights α, the alignments ξ and the MI estimate, which were fields of the epoch in journals of
 * before, as readings. The estimate was the loss `complementary` once more, so it is kept only where that is missing.
 */
export function withReadings(event: unknown): unknown {
  const { data } = oldEpoch.safeParse(event);
  if (!data || (data.alpha === undefined && data.xi === undefined && data.mi === undefined)) return event;
  const { alpha, xi, mi, ...rest } = data;
  const pairs = Object.entries({ alpha, xi }).flatMap(([name, value]) => (value
    ? [[`${name}.consistency`, value.consistency], [`${name}.complementary`, value.complementary]]
    : []));
  const estimate = mi === undefined || 'complementary' in (rest.losses ?? {}) ? {} : { mi };
  return { ...rest, readings: { ...Object.fromEntries(pairs), ...rest.readings, ...estimate } };
}
