// Sizes and visual tokens by the published rules, with the floats and integers of geometry.py.
const PATCH = 28, PIXELS_PER_TOKEN = 750; // px; px per token of the area formula
const FLOAT = new Float64Array(1), BITS = new BigInt64Array(FLOAT.buffer);
const patchesAlong = (edge) => Math.ceil(edge / PATCH);
const shortLimit = (patches) => patches * PATCH + 0.5;
const STEPS = new Map();

// The next float above or below a positive one.
function neighbor(value, offset) {
  FLOAT[0] = value;
  BITS[0] += offset;
  return FLOAT[0];
}

function roundHalfEven(value) {
  const whole = Math.floor(value);
  return value - whole === 0.5 ? whole + (whole % 2) : Math.round(value);
}

// The smallest ratio at which the short edge of an image with this long edge fits these patches.
function leastRatio(long, patches) {
  const limit = shortLimit(patches);
  let ratio = long / limit;
  while (long / ratio > limit) ratio = neighbor(ratio, 1n);
  while (long / neighbor(ratio, -1n) <= limit) ratio = neighbor(ratio, -1n);
  return ratio;
}

// The downscaling table of a tier: rows of the smallest ratio, and the patches along the long and the short edge.
function gridSteps(edgeLimit, tokenLimit) {
  const key = `${edgeLimit} ${tokenLimit}`;
  if (STEPS.has(key)) return STEPS.get(key);
  const most = Math.floor(edgeLimit / PATCH);
  let long = Math.min(most, Math.floor(Math.sqrt(tokenLimit))), short = long;
  const steps = [[1, long, short]];
  for (;;) {
    if (long < most && (long + 1) * short <= tokenLimit) {
      steps.push([leastRatio(long * PATCH + 1, short), long + 1, short]);
      long += 1;
    } else if (short > 1) {
      short -= 1;
      steps.push([leastRatio(long * PATCH, short), long, short]);
    } else break;
  }
  STEPS.set(key, steps);
  return steps;
}

function longestEdge(ratio, patches) {
  const limit = shortLimit(patches);
  let edge = Math.floor(limit * ratio);
  while (edge / ratio > limit) edge -= 1;
  while ((edge + 1) / ratio <= limit) edge += 1;
  return edge;
}

function scaledTo(long, width, height) {
  const ratio = Math.max(width, height) / Math.min(width, height);
  const short = Math.max(roundHalfEven(long / ratio), 1);
  return width >= height ? [long, short] : [short, long];
}

// The size that Claude sees.
function resizedSize(width, height, edgeLimit, tokenLimit) {
  const across = patchesAlong(width), down = patchesAlong(height);
  if (Math.max(across, down) <= Math.floor(edgeLimit / PATCH) && across * down <= tokenLimit) return [width, height];
  const long = Math.max(width, height), ratio = long / Math.min(width, height);
  const [, along, short] = gridSteps(edgeLimit, tokenLimit).findLast(([least]) => least <= ratio);
  return scaledTo(Math.min(long, along * PATCH, longestEdge(ratio, short)), width, height);
}

function imageTokens(width, height, [edgeLimit, tokenLimit, formula]) {
  const [across, down] = resizedSize(width, height, edgeLimit, tokenLimit);
  if (formula === "area") return Math.ceil((across * down) / PIXELS_PER_TOKEN);
  return patchesAlong(across) * patchesAlong(down);
}

// The size that is sent if images are downscaled first: to a number of visual tokens, or to a long edge in pixels.
function sentSize(width, height, most, unit, [edgeLimit, tokenLimit]) {
  if (unit === "tokens") return resizedSize(width, height, edgeLimit, Math.min(tokenLimit, most));
  return Math.max(width, height) <= most ? [width, height] : scaledTo(most, width, height);
}
