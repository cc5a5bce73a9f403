// How strongly each box is painted on its left edge, and in the middle of its face: [[edge, middle], …], 0 to 255.
async (shown) => {
  const { overlay, boxes } = await shown();
  const image = await createImageBitmap(await (await fetch(overlay)).blob());
  const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
  context.drawImage(image, 0, 0);
  const strongest = (x, y, w, h) => {
    const size = [Math.max(1, w * image.width), Math.max(1, h * image.height)];
    const { data } = context.getImageData(x * image.width, y * image.height, ...size);
    return Math.max(...data.filter((_, i) => i % 4 === 3));
  };
  return boxes.map(({ box: [x, y, w, h] }) => [
    strongest(x - 0.005, y + h * 0.3, 0.01, h * 0.4),
    strongest(x + w * 0.4, y + h * 0.4, w * 0.2, h * 0.2),
  ]);
}
