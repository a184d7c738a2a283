import type { Picture } from './charts/figureSvg.ts';

/** Pixels of a PNG for each pixel of the picture, so that it stays sharp in print. */
const DENSITY = 2;

/** The picture as a data URL of a PNG, drawn from the same SVG: both show the same. */
export async function pngOf({ svg, width, height }: Picture): Promise<string> {
  const image = new Image(width, height);
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [width * DENSITY, height * DENSITY];
  canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL('image/png');
}

/** Measures text as the picture writes it. */
export function textMeasure(fontFamily: string, fontSize: number): (text: string) => number {
  const context = document.createElement('canvas').getContext('2d')!;
  context.font = `${fontSize}px ${fontFamily}`;
  return (text) => context.measureText(text).width;
}
