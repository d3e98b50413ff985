// The icon is drawn here: three machines, joined, on a square with round corners.
const sizes = [16, 24, 32, 48, 256];
const ground = [0x2b, 0x5f, 0xd9] as const;
const nodes = [[0.5, 0.25], [0.24, 0.7], [0.76, 0.7]] as const;
const samples = 4;

type Point = readonly [x: number, y: number];

/** The icon as a file of Windows' own format, in all sizes that it shows. */
export function renderIcon(): Buffer {
  const images = sizes.map((size) => renderImage(size));
  const head = Buffer.alloc(6 + 16 * sizes.length);
  head.writeUInt16LE(1, 2);
  head.writeUInt16LE(sizes.length, 4);
  let offset = head.length;
  for (const [index, image] of images.entries()) {
    const at = 6 + 16 * index;
    const size = sizes[index] ?? 0;
    // 256 is written as 0.
    head.writeUInt8(size & 0xff, at);
    head.writeUInt8(size & 0xff, at + 1);
    head.writeUInt16LE(1, at + 4);
    head.writeUInt16LE(32, at + 6);
    head.writeUInt32LE(image.length, at + 8);
    head.writeUInt32LE(offset, at + 12);
    offset += image.length;
  }
  return Buffer.concat([head, ...images]);
}

// A bitmap with alpha: header, pixels from below, and a mask that Windows wants but does not use.
function renderImage(size: number): Buffer {
  const head = Buffer.alloc(40);
  head.writeUInt32LE(40, 0);
  head.writeInt32LE(size, 4);
  head.writeInt32LE(2 * size, 8);
  head.writeUInt16LE(1, 12);
  head.writeUInt16LE(32, 14);
  const pixels = Buffer.alloc(4 * size * size);
  for (let y = 0; y < size; y += 1) for (let x = 0; x < size; x += 1) pixels.set(renderPixel(x, size - 1 - y, size), 4 * (y * size + x));
  return Buffer.concat([head, pixels, Buffer.alloc(Math.ceil(size / 32) * 4 * size)]);
}

// Blue, green, red, alpha: the mean of several points within the pixel.
function renderPixel(x: number, y: number, size: number): readonly number[] {
  let inside = 0;
  let white = 0;
  for (let sample = 0; sample < samples * samples; sample += 1) {
    const point: Point = [(x + ((sample % samples) + 0.5) / samples) / size, (y + (Math.floor(sample / samples) + 0.5) / samples) / size];
    if (isInSquare(point)) inside += 1;
    if (isInMesh(point)) white += 1;
  }
  const share = inside === 0 ? 0 : white / inside;
  return [...ground.toReversed().map((colour) => Math.round(colour + (255 - colour) * share)), Math.round((255 * inside) / (samples * samples))];
}

function isInSquare([x, y]: Point): boolean {
  const [dx, dy] = [Math.max(Math.abs(x - 0.5) - 0.3, 0), Math.max(Math.abs(y - 0.5) - 0.3, 0)];
  return Math.hypot(dx, dy) <= 0.19;
}

function isInMesh(point: Point): boolean {
  return nodes.some((node, index) => distance(point, node, node) < 0.12 || distance(point, node, nodes[(index + 1) % 3] ?? node) < 0.035);
}

function distance([x, y]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const length = (bx - ax) ** 2 + (by - ay) ** 2;
  const along = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length));
  return Math.hypot(x - ax - along * (bx - ax), y - ay - along * (by - ay));
}
