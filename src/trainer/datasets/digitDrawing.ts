import type { Random } from '../../core/random.ts';
import { digitSize } from './coloredDigits.ts';
import { digitGlyphs, type Point, type Stroke } from './digitGlyphs.ts';

/** How the pen draws. */
export interface DrawingSettings {
  /** How much position, slant, turn, proportions and strokes vary from digit to digit; 0 for printed digits. */
  readonly distortion: number;
  /** Deviation of the gray level of inked pixels, as a share of it. */
  readonly noise: number;
}

/** Side of the box, in pixels, that an undistorted glyph fills, as in MNIST. */
const boxSize = 20;

/** Gray levels of one drawing [28, 28] for every label (class 0..9), row-major; the same stream gives the same drawings. */
export function drawDigits(labels: Int32Array, options: DrawingSettings, random: Random): Uint8Array {
  const pixels = digitSize * digitSize;
  const images = new Uint8Array(labels.length * pixels);
  const ink = new Float32Array(pixels);
  labels.forEach((digit, row) => {
    const variants = digitGlyphs[digit]!;
    const glyph = variants[random.integer(variants.length)]!;
    // Most digits are written with care and a few carelessly: a network learns soon, but never gets all of them.
    const carelessness = options.distortion * (0.5 + random.uniform() ** 3);
    const place = createDistortion(carelessness, random);
    // Half the width of the pen in pixels; strokes of one digit share it up to some pressure.
    const pen = 0.95 + options.distortion * (0.55 * random.uniform() - 0.1);
    ink.fill(0);
    for (const stroke of glyph) {
      const path = flatten(stroke, carelessness, random).map(place);
      const [start, end] = [pressure(pen, options, random), pressure(pen, options, random)];
      drawPath(ink, path, start, end);
    }
    const darkness = 1 - 0.15 * options.distortion * random.uniform();
    for (let pixel = 0; pixel < pixels; pixel++) {
      const coverage = ink[pixel]!;
      if (coverage === 0) continue; // the background stays black: it must not take on color
      const level = 255 * coverage * darkness * (1 - options.noise * Math.abs(random.normal()));
      images[row * pixels + pixel] = Math.max(0, Math.min(255, Math.round(level)));
    }
  });
  return images;
}

function pressure(pen: number, { distortion }: DrawingSettings, random: Random): number {
  return Math.max(0.6, pen * (1 + 0.15 * distortion * random.normal()));
}

/** A random affine map and a gentle wave, from the glyph's box to pixels. */
function createDistortion(amount: number, random: Random): (point: Point) => Point {
  const varied = (deviation: number) => amount * deviation * clippedNormal(random);
  const turn = varied(0.16);
  const slant = varied(0.22);
  const scale = Math.exp(varied(0.1));
  const stretch = Math.exp(varied(0.14));
  const [width, height] = [boxSize * scale * stretch * 0.9, (boxSize * scale) / stretch ** 0.4];
  const [shiftX, shiftY] = [varied(1.1), varied(1.1)];
  const [waveX, waveY] = [varied(0.045), varied(0.045)];
  const [phaseX, phaseY] = [2 * Math.PI * random.uniform(), 2 * Math.PI * random.uniform()];
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  return ([x, y]) => {
    const waved = [x - 0.5 + waveX * Math.sin(5 * y + phaseX), y - 0.5 + waveY * Math.sin(5 * x + phaseY)] as const;
    const [a, b] = [(waved[0] - slant * waved[1]) * width, waved[1] * height];
    return [digitSize / 2 + cos * a - sin * b + shiftX, digitSize / 2 + sin * a + cos * b + shiftY];
  };
}

/** A normal number without the tails, which would push digits out of their image. */
function clippedNormal(random: Random): number {
  return Math.max(-2.2, Math.min(2.2, random.normal()));
}

/** The stroke as a chain of points, its own points displaced at random. */
function flatten({ kind, points }: Stroke, distortion: number, random: Random): Point[] {
  const wobble = () => 0.035 * distortion * clippedNormal(random);
  const moved = points.map(([x, y]): Point => [x + wobble(), y + wobble()]);
  return kind === 'lines' ? moved : catmullRom(moved, 5);
}

/** Points on the Catmull–Rom spline through the given ones, `steps` for each piece. */
function catmullRom(points: readonly Point[], steps: number): Point[] {
  const at = (index: number): Point => points[Math.max(0, Math.min(points.length - 1, index))]!;
  const result: Point[] = [at(0)];
  for (let piece = 0; piece + 1 < points.length; piece++) {
    const [p0, p1, p2, p3] = [at(piece - 1), at(piece), at(piece + 1), at(piece + 2)];
    for (let step = 1; step <= steps; step++) {
      const t = step / steps;
      const along = (axis: 0 | 1) => p1[axis] + 0.5 * t * (p2[axis] - p0[axis]
        + t * (2 * p0[axis] - 5 * p1[axis] + 4 * p2[axis] - p3[axis]
        + t * (3 * (p1[axis] - p2[axis]) + p3[axis] - p0[axis])));
      result.push([along(0), along(1)]);
    }
  }
  return result;
}

/** Raises every pixel to the share of it that the pen covers; the pen's half width goes from `start` to `end`. */
function drawPath(ink: Float32Array, path: readonly Point[], start: number, end: number): void {
  for (let piece = 0; piece + 1 < path.length; piece++) {
    const half = start + ((end - start) * piece) / (path.length - 1);
    drawSegment(ink, path[piece]!, path[piece + 1]!, half);
  }
}

function drawSegment(ink: Float32Array, [ax, ay]: Point, [bx, by]: Point, half: number): void {
  const [dx, dy] = [bx - ax, by - ay];
  const lengthSquared = dx * dx + dy * dy || 1;
  const reach = half + 0.5;
  const first = (a: number, b: number) => Math.max(0, Math.floor(Math.min(a, b) - reach));
  const last = (a: number, b: number) => Math.min(digitSize - 1, Math.ceil(Math.max(a, b) + reach));
  for (let y = first(ay, by); y <= last(ay, by); y++) {
    for (let x = first(ax, bx); x <= last(ax, bx); x++) {
      const [px, py] = [x + 0.5 - ax, y + 0.5 - ay];
      const along = Math.max(0, Math.min(1, (px * dx + py * dy) / lengthSquared));
      const distance = Math.sqrt((px - along * dx) ** 2 + (py - along * dy) ** 2);
      const covered = Math.min(1, reach - distance);
      const pixel = y * digitSize + x;
      if (covered > ink[pixel]!) ink[pixel] = covered;
    }
  }
}
