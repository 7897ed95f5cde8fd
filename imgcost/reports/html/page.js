// The panel: settings in the form and in the link of the page, results in the tables and the chart.
const byId = (id) => document.getElementById(id);
const form = byId("settings");
const rowsOf = (id) => [...byId(id).children];
const CHART_ROWS = rowsOf("model-chart"), MODEL_ROWS = rowsOf("model-rows"), CLASS_ROWS = rowsOf("class-rows");
const OPTIONS = models.map((model) => model.id);
const IMAGES_TEXT = document.querySelector("[data-setting=count]").textContent;
const TITLE = document.querySelector("h1").textContent, REJECTED = byId("rejected-count").textContent;
const NONE = "\u2013"; // instead of a number that does not exist
let ignored = []; // settings of the link that the form does not have

function settings() {
  const { model, count, images, prompt, output, cache, geo, batch, downscale, unit, retry } = form.elements;
  const chosen = { model: model.value, cache: cache?.value ?? "none", geo: geo?.value ?? "global", batch: batch?.checked ?? false };
  const counts = { images: images.valueAsNumber, prompt: prompt.valueAsNumber, output: output.valueAsNumber };
  const sent = { downscale: downscale.valueAsNumber || 0, unit: unit.value, count: count?.valueAsNumber ?? data.start.count };
  // Digits of a percentage, so that the rate is exact.
  const rate = (retry.valueAsNumber || 0).toFixed(data.retry_places - 2).replace(".", "").replace(/^0+(?=.)/, "");
  return { ...chosen, ...counts, ...sent, retry: rate };
}

// Whether nothing but the model was changed.
function isPlanned(set) {
  return !set.downscale && Object.keys(data.start).every((name) => name === "model" || data.start[name] === set[name]);
}

// The settings of the report are calculated by imgcost itself, which knows which images share a request.
function resultOf(model, set) {
  if (!isPlanned(set) || !model.planned) return calculate(model, { ...set, model: model.id });
  const { requests, long, counts } = model.planned;
  const [usd, retries, surcharge, ...costs] = model.planned.units.map(BigInt);
  return { requests, long, counts, usd, retries, surcharge, costs, ...ofImages(model, set, imagesFor(model, set)) };
}

function notes(model, set, found) {
  const cached = () => {
    if (found.counts[4]) return set.batch ? "Cache hits are assumed; in a batch they are best effort." : "Requests are assumed to follow each other while the cache lasts.";
    if (found.requests < 2) return "Nothing is cached: a single request never reads the cache.";
    if (model.cache_minimum === null) return "Nothing is cached: the minimum cacheable prompt of this model is not known.";
    return `Nothing is cached: the minimum cacheable prompt is ${many(model.cache_minimum, "token")}.`;
  };
  const unchanged = () => sumOf(imagesFor(model, { ...set, downscale: 0 }).pairs, set.count);
  return [
    set.downscale && `Downscaling makes ${written(found.smaller)} of ${many(set.count, "image")} smaller: ${many(found.visual, "visual token")} instead of ${written(unchanged())}.`,
    found.long && `${many(found.long, "request")} with more than ${many(model.threshold, "prompt token")}: the long-context price adds $${allDigits(found.surcharge)}.`,
    set.cache !== "none" && cached(),
    set.output > model.max_output && `This model answers with ${many(model.max_output, "token")} at most.`,
  ].filter(Boolean);
}

function setText(element, text, title = "") {
  element.textContent = text;
  element.title = title;
}

function setUsd(element, usd) {
  if (usd === undefined) setText(element, NONE);
  else setText(element, rounded(usd), `$${allDigits(usd)}`);
}

const perThousand = ({ usd, images }) => (images ? (usd * 1000n + BigInt(images) / 2n) / BigInt(images) : undefined);
const textOf = (tokens) => (tokens ? many(tokens, "token") : "none");

function describe(set) {
  const texts = {
    model: set.model,
    prompt: textOf(set.prompt),
    output: textOf(set.output),
    images: written(set.images),
    cache: set.cache,
    geo: set.geo,
    batch: set.batch ? "yes" : "no",
    count: set.count === data.start.count ? IMAGES_TEXT : `${written(set.count)}${ONE_SIZE ? ` of ${data.sizes[0][0]}x${data.sizes[0][1]} px` : ` in ${many(data.sizes.length, "size")}, in the same proportions`}`,
    retry: retryPercent(set),
    downscale: set.downscale ? `to ${written(set.downscale)} ${set.unit}` : "no",
  };
  for (const element of document.querySelectorAll("[data-setting]")) element.textContent = texts[element.dataset.setting];
}

function showTotal(model, set, found) {
  const fine = !found.problem;
  byId("total").textContent = fine ? rounded(found.usd) : "No price";
  byId("exact").textContent = fine ? `Exactly $${allDigits(found.usd)}` : found.problem;
  byId("exact").hidden = fine && rounded(found.usd) === `$${allDigits(found.usd)}`;
  byId("overhead").textContent = model.overhead_note;
  byId("requests").textContent = fine ? `${many(set.count, "image")} in ${many(found.requests, "request")} to ${set.model}` : "";
  byId("classes").hidden = !fine;
  setUsd(byId("thousand-usd"), fine ? perThousand(found) : undefined);
  setUsd(byId("images-usd"), found.imagesUsd);
  byId("visual").textContent = fine ? written(found.visual) : NONE;
  byId("downscaled").textContent = fine ? written(found.downscaled) : NONE;
  const texts = fine ? notes(model, set, found) : [];
  if (ignored.length) texts.unshift(`Not applied from the link, because this report does not have it: ${ignored.join(", ")}.`);
  byId("notes").replaceChildren(...texts.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  if (fine) CLASS_ROWS.forEach((row, one) => {
    const usd = one < CLASSES.length ? found.costs[one] : found.retries;
    row.cells[1].textContent = one < CLASSES.length ? written(found.counts[one]) : "";
    setUsd(row.cells[2], usd);
    row.hidden = one > 0 && !found.counts[one] && !usd;
  });
}

function showModel(place, chosen, found, most) {
  const row = MODEL_ROWS[place], [, total, thousand, visual, alone, input, output, downscaled] = row.cells;
  const bar = CHART_ROWS[place], fine = !found.problem;
  for (const element of [row, bar]) element.classList.toggle("chosen", place === chosen);
  for (const element of [total, bar.lastElementChild]) {
    if (fine) setUsd(element, found.usd);
    else setText(element, found.short, found.problem);
  }
  if (fine) {
    setUsd(thousand, perThousand(found));
    setUsd(alone, found.imagesUsd);
    visual.textContent = written(found.visual);
    [input.textContent, output.textContent] = found.rates;
    downscaled.textContent = written(found.downscaled);
  } else for (const cell of [thousand, visual, alone, input, output, downscaled]) setText(cell, NONE);
  drawBar(bar.querySelectorAll("rect"), found, most);
}

// Input, output and cache of a total, as parts of the longest bar.
function drawBar(parts, found, most) {
  const share = (cost) => (most ? Number((cost * 100000n) / most) / 1000 : 0);
  const costs = found.problem ? [0n, 0n, 0n] : [found.costs[0], found.costs[1], sum(found.costs.slice(2))];
  const scale = found.problem || !sum(costs) ? 0 : share(found.usd) / share(sum(costs)) || 0;
  let x = 0;
  parts.forEach((part, one) => {
    const width = share(costs[one]) * scale;
    part.setAttribute("x", x.toFixed(3));
    part.setAttribute("width", width.toFixed(3));
    x += width;
  });
}

// What the settings do not change is marked: it belongs to the job as it was planned.
function showChanges(set) {
  const alternatives = byId("alternatives-changed"), rejected = byId("rejected-count");
  if (alternatives) alternatives.hidden = isPlanned(set) && set.model === data.start.model;
  rejected.textContent = set.count === data.start.count || REJECTED === "0" ? REJECTED : NONE;
  document.querySelector("h1").textContent = set.count === data.start.count ? TITLE : TITLE.replace(/:.*/, `: ${many(set.count, "image")}`);
}

let shown = []; // the results of all models, for the CSV file

function show() {
  const wrong = [...form.elements].find((field) => !field.checkValidity());
  const problem = wrong && `${wrong.labels[0].textContent}: ${wrong.validationMessage}`;
  const set = settings();
  shown = models.map((model) => (problem ? { problem, short: NONE } : resultOf(model, set)));
  const chosen = OPTIONS.indexOf(set.model);
  const most = shown.reduce((all, { usd = 0n }) => (usd > all ? usd : all), 0n);
  if (!problem) {
    describe(set);
    showChanges(set);
  }
  showTotal(models[chosen], set, shown[chosen]);
  models.forEach((_, place) => showModel(place, chosen, shown[place], most));
  sortRows();
  byId("csv").disabled = Boolean(problem);
}

// The cheapest first; what has no price last.
function sortRows() {
  const places = [...models.keys()].sort((one, other) => compare(shown[one].usd, shown[other].usd) || one - other);
  byId("model-rows").append(...places.map((place) => MODEL_ROWS[place]));
  byId("model-chart").append(...places.map((place) => CHART_ROWS[place]));
}

function compare(one, other) {
  if (one === undefined || other === undefined) return Number(one === undefined) - Number(other === undefined);
  return one < other ? -1 : Number(one > other);
}
