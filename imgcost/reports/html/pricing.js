// What a job costs, as `imgcost plan` calculates it, where that does not depend on which images share a request.
const data = JSON.parse(document.getElementById("data").textContent);
const { limits, allowed, models } = data;
const RETRY_SCALE = 10n ** BigInt(data.retry_places);
const PLACES = 6 + data.places + data.retry_places; // decimal places of a dollar, in which costs are whole numbers
const CLASSES = [0, 1, 2, 3, 4]; // input, output, cache write for 5 minutes, for 1 hour, cache read
const sum = (costs) => costs.reduce((all, cost) => all + cost, 0n);
const written = (number) => String(number?.toLocaleString("en-US"));
const many = (number, one) => `${written(number)} ${one}${number === 1 ? "" : "s"}`;
const JOBS = new Map();
const ONE_SIZE = data.sizes?.length === 1;

// Counts that add up to another number, in the same proportions: rounded down, then the largest remainders up.
function apportioned(counts, total) {
  const sum = BigInt(counts.reduce((all, count) => all + count, 0));
  const parts = counts.map((count, place) => {
    const product = BigInt(count) * BigInt(total);
    return { place, count: Number(product / sum), remainder: product % sum };
  });
  let rest = total - parts.reduce((all, { count }) => all + count, 0);
  const largest = [...parts].sort((one, other) => compare(other.remainder, one.remainder) || one.place - other.place);
  for (const part of largest.slice(0, rest)) part.count += 1;
  return parts.map(({ count }) => count);
}

// The images of the job by the tokens that they have for a model: [tokens, images], the most tokens first.
function imagesFor(model, set) {
  if (!set.downscale && set.count === data.start.count) {
    const pairs = data.tokens[model.rule];
    return { pairs, first: data.first[model.rule], longestEdge: data.longest_edge, smaller: 0, downscaled: model.downscaled };
  }
  const key = `${model.rule} ${set.count} ${set.downscale} ${set.unit}`;
  if (!JOBS.has(key)) JOBS.set(key, countedSizes(data.rules[model.rule], set));
  return JOBS.get(key);
}

function countedSizes(rule, set) {
  const counts = new Map();
  const [edgeLimit, tokenLimit] = rule;
  let first = null, longestEdge = 0, smaller = 0, again = 0;
  const shares = apportioned(data.sizes.map((size) => size[2]), set.count);
  for (const [place, [width, height]] of data.sizes.entries()) {
    const count = shares[place];
    if (!count) continue;
    const [across, down] = set.downscale ? sentSize(width, height, set.downscale, set.unit, rule) : [width, height];
    const tokens = imageTokens(across, down, rule);
    counts.set(tokens, (counts.get(tokens) ?? 0) + count);
    first ??= tokens;
    longestEdge = Math.max(longestEdge, across, down);
    if (across !== width || down !== height) smaller += count;
    const [newAcross, newDown] = resizedSize(across, down, edgeLimit, tokenLimit);
    if (newAcross !== across || newDown !== down) again += count; // by the API
  }
  const pairs = [...counts].sort(([one], [other]) => other - one);
  return { pairs, first: first ?? 0, longestEdge, smaller, downscaled: again };
}

// The sum of the first n of [value, images] pairs, each value as often as there are images.
function sumOf(pairs, n) {
  let total = 0;
  for (const [value, count] of pairs) {
    const taken = Math.min(n, count);
    total += value * taken;
    n -= taken;
  }
  return total;
}

// Which images share a request is not known here: the prompts of requests are between these two numbers of tokens.
function bounds(model, set, { pairs }) {
  const [perImage, perMessage, perRequest] = model.overhead;
  const text = set.prompt + perMessage + perRequest;
  const requests = Math.ceil(set.count / set.images);
  const size = Math.min(set.images, set.count), last = set.count - set.images * (requests - 1);
  const most = text + perImage * size + sumOf(pairs, size);
  const least = text + perImage * last + sumOf([...pairs].reverse(), last);
  return { text, requests, size, most, least };
}

function problemOf(model, set, { longestEdge }, { requests, size, most, least }) {
  if (!set.count) return null;
  const files = data.bytes.map(([bytes, count]) => [bytes, Math.ceil((count * set.count) / data.start.count)]);
  const bytes = allowed.request + allowed.token * set.prompt + sumOf(files, size);
  const wide = longestEdge > limits.many_images_edge ? size : 0;
  const crossing = most > model.threshold && least <= model.threshold && set.images > 1 ? most : 0;
  const broken = [
    [size, model.max_images, "images", true],
    [wide, limits.many_images, `images with an edge over ${written(limits.many_images_edge)} px`, requests === 1 || ONE_SIZE],
    [most + set.output, model.context_window, "tokens, the context window", set.images === 1 || requests === 1 || ONE_SIZE],
    [bytes, limits.request_bytes, "bytes", false],
    [crossing, model.threshold, "input tokens, where the long-context price starts", false],
  ].find(([value, limit]) => limit !== null && value > limit);
  if (!broken) return null;
  const [value, limit, what, certain] = broken;
  const advice = value === wide && limit === limits.many_images ? ` Use ${written(limit)} or fewer, or downscale to ${written(limits.many_images_edge)} px.` : "";
  if (certain) return { short: "over a limit", problem: `Requests exceed the limit of ${written(limit)} ${what}.${advice}` };
  return { short: "run plan", problem: `Some requests may exceed ${written(limit)} ${what}; run: ${command(set)}` };
}

function command(set) {
  const count = ONE_SIZE ? ` --count ${set.count}` : "";
  const options = [`imgcost plan ${data.command.images}${count} --model ${set.model}`, `--images-per-request ${set.images}`, `--prompt-tokens ${set.prompt}`];
  options.push(`--output-tokens ${set.output}`);
  if (set.cache !== "none") options.push(`--prompt-cache ${set.cache}`);
  if (set.geo !== "global") options.push(`--inference-geo ${set.geo}`);
  if (set.batch) options.push("--batch");
  if (set.downscale && set.unit === "tokens") options.push(`--downscale-to ${set.downscale}`);
  if (set.retry !== "0") options.push(`--retry-rate ${retryRate(set)}`);
  return options.join(" ") + data.command.fixed;
}

// Requests at the standard price, then those at the long-context price.
function split(model, set, { pairs, first }, { text, requests, most }) {
  const isLong = (tokens) => model.threshold !== null && tokens > model.threshold;
  const single = set.images === 1; // then each image decides by itself
  const alone = (tokens) => isLong(text + model.overhead[0] + tokens);
  const firstIsLong = single ? alone(first) : isLong(most);
  const minimum = model.cache_minimum;
  const cached = set.cache !== "none" && requests > 1 && minimum !== null && set.prompt >= Math.max(minimum, 1);
  return [false, true].map((long) => {
    const mine = single ? pairs.filter(([tokens]) => alone(tokens) === long) : isLong(most) === long ? pairs : [];
    const count = mine.reduce((all, [, count]) => all + count, 0);
    const number = single ? count : count && requests;
    const prompt = sumOf(mine, count) + model.overhead[0] * count + text * number;
    // The first request writes the prompt to the cache, and all others read it.
    const write = cached && firstIsLong === long ? set.prompt : 0;
    const read = cached ? set.prompt * number - write : 0;
    const writes = set.cache === "1h" ? [0, write] : [write, 0];
    return { number, counts: [prompt - write - read, set.output * number, ...writes, read] };
  });
}

// Whole numbers only: no digit of a dollar is ever rounded.
const cost = (tokens, rate) => (tokens ? BigInt(tokens) * BigInt(rate) * RETRY_SCALE : 0n);
const price = (counts, rates) => CLASSES.map((one) => cost(counts[one], rates[one]));

function calculate(model, set) {
  const rates = model.rates[set.geo][Number(set.batch)];
  if (!rates || !model.caches.includes(set.cache)) return { short: "not offered", problem: "Not offered with these settings." };
  if (set.downscale && !data.sizes) return { short: "unknown", problem: "The images have too many different sizes to downscale them here." };
  const job = imagesFor(model, set);
  const found = bounds(model, set, job);
  const problem = problemOf(model, set, job, found);
  if (problem) return problem;
  const [standard, long] = split(model, set, job, found);
  const usual = price(standard.counts, rates[0]);
  const crossed = long.number ? price(long.counts, rates[1]) : CLASSES.map(() => 0n);
  const costs = CLASSES.map((one) => usual[one] + crossed[one]);
  const counts = CLASSES.map((one) => standard.counts[one] + long.counts[one]);
  if (sum(counts.map(BigInt)) > Number.MAX_SAFE_INTEGER) return { short: "run plan", problem: `Too many tokens to count here; run: ${command(set)}` };
  const retries = (sum(costs) / RETRY_SCALE) * BigInt(set.retry);
  return {
    requests: found.requests,
    long: long.number,
    counts,
    costs,
    retries,
    usd: sum(costs) + retries,
    surcharge: sum(crossed) - (long.number ? sum(price(long.counts, rates[0])) : 0n),
    ...ofImages(model, set, job),
  };
}

// The images alone, as uncached input.
function ofImages(model, set, { pairs, smaller, downscaled }) {
  const [[rate, outputRate]] = model.rates[set.geo][Number(set.batch)];
  const visual = sumOf(pairs, set.count);
  return { images: set.count, visual, smaller, downscaled, imagesUsd: cost(visual, rate), rates: [rate, outputRate].map((one) => allDigits(cost(1000000, one))) };
}

function exact(units, places = PLACES) {
  const digits = units.toString().padStart(places + 1, "0");
  return `${digits.slice(0, -places)}.${digits.slice(-places)}`.replace(/\.?0+$/, "");
}

const retryRate = (set) => exact(set.retry, data.retry_places);
const retryPercent = (set) => `${exact(set.retry, data.retry_places - 2)}%`;

// All digits, and at least two decimals from ten cents.
function allDigits(units) {
  const [whole, part = ""] = exact(units).split(".");
  if (units * 10n < 10n ** BigInt(PLACES)) return exact(units);
  return `${BigInt(whole).toLocaleString("en-US")}.${part.padEnd(2, "0")}`;
}

// For people: to the cent, and below ten cents to two figures.
function rounded(units) {
  if (!units) return "$0";
  const leading = units.toString().length - 1 - PLACES;
  const step = 10n ** BigInt(Math.max(PLACES + (leading >= -1 ? -2 : leading - 1), 0));
  const near = ((units + step / 2n) / step) * step;
  const [whole, part = ""] = exact(near).split(".");
  const figures = near * 10n >= 10n ** BigInt(PLACES) ? 2 : PLACES + 2 - near.toString().length;
  return `$${BigInt(whole).toLocaleString("en-US")}.${part.padEnd(figures, "0")}`;
}
