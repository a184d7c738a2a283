import { kmeans } from 'ml-kmeans';

const RESTARTS = 10;
const MAX_ITERATIONS = 300;

/** Share of samples whose cluster's most frequent class is theirs. */
export function purity(clusters: ArrayLike<number>, labels: ArrayLike<number>): number {
  const counts = new Map<number, Map<number, number>>();
  for (let row = 0; row < labels.length; row++) {
    const cluster = counts.get(clusters[row]!) ?? new Map<number, number>();
    cluster.set(labels[row]!, (cluster.get(labels[row]!) ?? 0) + 1);
    counts.set(clusters[row]!, cluster);
  }
  return [...counts.values()].reduce((sum, cluster) => sum + Math.max(...cluster.values()), 0) / Math.max(1, labels.length);
}

/** Rows of a matrix [N, width] with every column scaled to [-1, 1] by its smallest and largest value; a constant column is -1. */
export function scaledRows({ values, width }: { readonly values: Float32Array; readonly width: number }): number[][] {
  const rows = Array.from({ length: values.length / width }, (_, row) => Array.from(values.subarray(row * width, (row + 1) * width)));
  for (let column = 0; column < width; column++) {
    let [low, high] = [Infinity, -Infinity];
    for (const row of rows) {
      low = Math.min(low, row[column]!);
      high = Math.max(high, row[column]!);
    }
    for (const row of rows) row[column] = high > low ? (2 * (row[column]! - low)) / (high - low) - 1 : -1;
  }
  return rows;
}

/**
 * How well features [N, width] fall apart into the classes: the purity of the k-means clustering (k = number of classes, k-means++)
 * with the lowest inertia of ten. `seedOf` gives the seed of each restart. The event loop runs between two restarts.
 */
export async function separability(
  features: { readonly values: Float32Array; readonly width: number }, labels: ArrayLike<number>, classes: number, seedOf: (restart: number) => number,
): Promise<number> {
  const rows = scaledRows(features);
  let best: { inertia: number; clusters: number[] } | undefined;
  for (let restart = 0; restart < RESTARTS; restart++) {
    const { clusters, centroids } = kmeans(rows, Math.min(classes, rows.length), { initialization: 'kmeans++', maxIterations: MAX_ITERATIONS, seed: seedOf(restart) });
    const inertia = rows.reduce((sum, row, index) => sum + squaredDistance(row, centroids[clusters[index]!]!), 0);
    if (!best || inertia < best.inertia) best = { inertia, clusters };
    await new Promise(setImmediate);
  }
  return purity(best!.clusters, labels);
}

function squaredDistance(left: readonly number[], right: readonly number[]): number {
  return left.reduce((sum, value, index) => sum + (value - right[index]!) ** 2, 0);
}
