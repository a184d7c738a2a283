/** Scores of a classification: shares in 0..1, loss and entropy in nats. Those that runs are compared by are `classificationMetrics`. */
export type ClassScores = {
  readonly accuracy: number;
  /** Macro-F1. */
  readonly f1: number;
  readonly loss: number;
  readonly entropy: number;
};

/** The same with what belongs to single classes: `recall`, and `confusion` [true class][predicted class]. */
export type DetailedScores = ClassScores & {
  readonly recall: number[];
  readonly confusion: number[][];
};

/** Rows of true classes, columns of predicted ones. */
export function confusionMatrix(predicted: ArrayLike<number>, labels: ArrayLike<number>, classes: number): number[][] {
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let row = 0; row < labels.length; row++) matrix[labels[row]!]![predicted[row]!]!++;
  return matrix;
}

/** Share of samples on the diagonal. */
export function accuracyOf(confusion: readonly (readonly number[])[]): number {
  const total = confusion.flat().reduce((sum, count) => sum + count, 0);
  return total === 0 ? 0 : confusion.reduce((sum, row, index) => sum + row[index]!, 0) / total;
}

/** Unweighted mean over classes of 2TP/(2TP+FP+FN); 0 for a class that neither occurs nor is predicted (methods.md 3.4). */
export function macroF1Of(confusion: readonly (readonly number[])[]): number {
  const perClass = confusion.map((row, index) => {
    const occurs = row.reduce((sum, count) => sum + count, 0);
    const predicted = confusion.reduce((sum, each) => sum + each[index]!, 0);
    return occurs + predicted === 0 ? 0 : (2 * row[index]!) / (occurs + predicted);
  });
  return perClass.reduce((sum, value) => sum + value, 0) / perClass.length;
}

/** Share of each class that was found; 0 for a class that does not occur. */
export function recallOf(confusion: readonly (readonly number[])[]): number[] {
  return confusion.map((row, index) => {
    const occurs = row.reduce((sum, count) => sum + count, 0);
    return occurs === 0 ? 0 : row[index]! / occurs;
  });
}

/**
 * All scores of logits [N, classes] (flat, row major) against class indices, in float64. A tie goes to the lower class.
 * Where a logit is not finite nothing was predicted, whatever class comes first: the scores are NaN then.
 */
export function scoreLogits(logits: Float32Array, labels: ArrayLike<number>, classes: number): DetailedScores {
  const predicted = new Int32Array(labels.length);
  let loss = 0;
  let entropy = 0;
  for (let row = 0; row < labels.length; row++) {
    const start = row * classes;
    let best = 0;
    for (let column = 1; column < classes; column++) if (logits[start + column]! > logits[start + best]!) best = column;
    predicted[row] = best;
    const highest = logits[start + best]!;
    let sum = 0;
    for (let column = 0; column < classes; column++) sum += Math.exp(logits[start + column]! - highest);
    const logSum = Math.log(sum) + highest;
    loss += logSum - logits[start + labels[row]!]!;
    for (let column = 0; column < classes; column++) {
      const logProbability = logits[start + column]! - logSum;
      entropy -= Math.exp(logProbability) * logProbability;
    }
  }
  const confusion = confusionMatrix(predicted, labels, classes);
  const samples = Math.max(1, labels.length);
  if (!logits.every(Number.isFinite)) return { accuracy: NaN, f1: NaN, loss: NaN, entropy: NaN, recall: new Array<number>(classes).fill(NaN), confusion };
  return {
    accuracy: accuracyOf(confusion), f1: macroF1Of(confusion), loss: loss / samples, entropy: entropy / samples,
    recall: recallOf(confusion), confusion,
  };
}

/** The scores without recall and confusion matrix, as an epoch event holds them. */
export function briefScores({ accuracy, f1, loss, entropy }: ClassScores): ClassScores {
  return { accuracy, f1, loss, entropy };
}
