/** A point in pixels with the text that is to stand beside it. */
export interface Labelled {
  readonly x: number;
  readonly y: number;
  readonly text: string;
}

/** Where a label begins, and its middle line. */
export interface PlacedLabel {
  readonly x: number;
  readonly y: number;
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Half the height of a label, and half the size of a marker. */
const HALF = 7;
const MARKER = 6;
const DISTANCE = 9;

/**
 * Finds a place beside each point where its label covers no other label and no marker and does not leave the area;
 * undefined where there is none: the legend and the tooltip name that point.
 */
export function placeLabels(
  points: readonly Labelled[],
  area: Box,
  measure: (text: string) => number,
): (PlacedLabel | undefined)[] {
  const markers = points.map(({ x, y }) => around(x - MARKER, x + MARKER, y, MARKER));
  const taken: Box[] = [];
  return points.map(({ x, y, text }, index) => {
    const width = measure(text);
    const places: readonly PlacedLabel[] = [
      { x: x + DISTANCE, y },
      { x: x - DISTANCE - width, y },
      { x: x - width / 2, y: y - DISTANCE - HALF },
      { x: x - width / 2, y: y + DISTANCE + HALF },
      { x: x + DISTANCE, y: y - DISTANCE - HALF },
      { x: x + DISTANCE, y: y + DISTANCE + HALF },
    ];
    const place = places.find((each) => {
      const box = around(each.x, each.x + width, each.y, HALF);
      const inside = box.left >= area.left && box.right <= area.right && box.top >= area.top && box.bottom <= area.bottom;
      return inside && ![...taken, ...markers.filter((_, other) => other !== index)].some((other) => overlap(box, other));
    });
    if (place) taken.push(around(place.x, place.x + width, place.y, HALF));
    return place;
  });
}

function around(left: number, right: number, middle: number, half: number): Box {
  return { left, right, top: middle - half, bottom: middle + half };
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
