// The panel: settings in the form and in the link of the page, results in the tables and the chart.
const byId = (id) => document.getElementById(id);
const form = byId("settings");
const rowsOf = (id) => [...byId(id).children];
const CHART_ROWS = rowsOf("model-chart"), MODEL_ROWS = rowsOf("model-rows"), CLASS_ROWS = rowsOf("class-rows");
const OPTIONS = models.map((model) => model.id);
const NONE = "\u2013"; // instead of a number that does not exist
let ignored = []; // settings of the link that the form does not have

function settings() {
  const { model, images, prompt, output, cache, geo, batch, downscale, unit } = form.elements;
  const chosen = { model: model.value, cache: cache?.value ?? "none", geo: geo?.value ?? "global", batch: batch?.checked ?? false };
  const counts = { images: images.valueAsNumber, prompt: prompt.valueAsNumber, output: output.valueAsNumber };
  return { ...chosen, ...counts, downscale: downscale.valueAsNumber || 0, unit: unit.value };
}

// The settings of the report are calculated by imgcost itself, which knows which images share a request.
function resultOf(model, set) {
  const given = Object.keys(data.start).every((name) => name === "model" || data.start[name] === set[name]);
  if (!given || set.downscale || !model.planned) return calculate(model, { ...set, model: model.id });
  const { requests, long, counts } = model.planned;
  const [usd, retries, surcharge, ...costs] = model.planned.units.map(BigInt);
  return { requests, long, counts, usd, retries, surcharge, costs, ...ofImages(model, set, imagesFor(model, set)) };
}

function notes(model, set, found) {
  const [perImage, perMessage, perRequest] = model.overhead;
  const measured = [[perImage, "image"], [perMessage, "message"], [perRequest, "request with images"]].filter(([number]) => number);
  const cached = () => {
    if (found.counts[4]) return set.batch ? "Cache hits are assumed; in a batch they are best effort." : "Requests are assumed to follow each other while the cache lasts.";
    if (found.requests < 2) return "Nothing is cached: a single request never reads the cache.";
    if (model.cache_minimum === null) return "Nothing is cached: the minimum cacheable prompt of this model is not known.";
    return `Nothing is cached: the minimum cacheable prompt is ${many(model.cache_minimum, "token")}.`;
  };
  return [
    set.downscale && `Downscaling makes ${written(found.smaller)} of ${many(images, "image")} smaller: ${many(found.visual, "visual token")} instead of ${written(sumOf(data.tokens[model.rule], images))}.`,
    found.long && `${many(found.long, "request")} with more than ${many(model.threshold, "prompt token")}: the long-context price adds $${allDigits(found.surcharge)}.`,
    found.retries && `Requests that are sent again add $${allDigits(found.retries)} to the total.`,
    set.cache !== "none" && cached(),
    set.output > model.max_output && `This model answers with ${many(model.max_output, "token")} at most.`,
    measured.length && `Measured overhead, not published: ${measured.map(([number, what]) => `${many(number, "token")} per ${what}`).join(", ")}.`,
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

const perThousand = (usd) => (images ? (usd * 1000n + BigInt(images) / 2n) / BigInt(images) : undefined);
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
    downscale: set.downscale ? `to ${written(set.downscale)} ${set.unit}` : "no",
  };
  for (const element of document.querySelectorAll("[data-setting]")) element.textContent = texts[element.dataset.setting];
}

function showTotal(model, set, found) {
  const fine = !found.problem;
  byId("total").textContent = fine ? rounded(found.usd) : "No price";
  byId("exact").textContent = fine ? `Exactly $${allDigits(found.usd)}` : found.problem;
  byId("requests").textContent = fine ? `${many(images, "image")} in ${many(found.requests, "request")} to ${set.model}` : "";
  byId("classes").hidden = !fine;
  setUsd(byId("thousand-usd"), fine ? perThousand(found.usd) : undefined);
  setUsd(byId("images-usd"), found.imagesUsd);
  byId("visual").textContent = fine ? written(found.visual) : NONE;
  byId("downscaled").textContent = fine ? written(found.downscaled) : NONE;
  const texts = fine ? notes(model, set, found) : [];
  if (ignored.length) texts.unshift(`Not applied from the link, because this report does not have it: ${ignored.join(", ")}.`);
  byId("notes").replaceChildren(...texts.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  if (fine) CLASS_ROWS.forEach(({ cells }, one) => {
    cells[1].textContent = written(found.counts[one]);
    setUsd(cells[2], found.costs[one]);
  });
}

function showModel(place, chosen, found, most) {
  const row = MODEL_ROWS[place], [, total, thousand, visual, alone, rate, downscaled] = row.cells;
  const bar = CHART_ROWS[place], fine = !found.problem;
  for (const element of [row, bar]) element.classList.toggle("chosen", place === chosen);
  for (const element of [total, bar.lastElementChild]) {
    if (fine) setUsd(element, found.usd);
    else setText(element, found.short, found.problem);
  }
  if (fine) {
    setUsd(thousand, perThousand(found.usd));
    setUsd(alone, found.imagesUsd);
    visual.textContent = written(found.visual);
    rate.textContent = found.rate;
    downscaled.textContent = written(found.downscaled);
  } else for (const cell of [thousand, visual, alone, rate, downscaled]) setText(cell, NONE);
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

let shown = []; // the results of all models, for the CSV file

function show() {
  const wrong = [...form.elements].find((field) => !field.checkValidity());
  const problem = wrong && `${wrong.labels[0].textContent}: ${wrong.validationMessage}`;
  const set = settings();
  shown = models.map((model) => (problem ? { problem, short: NONE } : resultOf(model, set)));
  const chosen = OPTIONS.indexOf(set.model);
  const most = shown.reduce((all, { usd = 0n }) => (usd > all ? usd : all), 0n);
  if (!problem) describe(set);
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
