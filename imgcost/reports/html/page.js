"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("data").textContent);
  const { images, limits, allowed, models } = data;
  const PLACES = 6 + data.places; // decimal places of a dollar, in which costs are whole numbers
  const CLASSES = [0, 1, 2, 3, 4]; // input, output, cache write for 5 minutes, for 1 hour, cache read
  const sum = (costs) => costs.reduce((all, cost) => all + cost, 0n);
  const written = (number) => String(number?.toLocaleString("en-US"));
  const many = (number, one) => `${written(number)} ${one}${number === 1 ? "" : "s"}`;

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
  function bounds(model, set) {
    const [perImage, perMessage, perRequest] = model.overhead;
    const pairs = data.tokens[model.rule];
    const text = set.prompt + perMessage + perRequest;
    const requests = Math.ceil(images / set.images);
    const size = Math.min(set.images, images), last = images - set.images * (requests - 1);
    const most = text + perImage * size + sumOf(pairs, size);
    const least = text + perImage * last + sumOf([...pairs].reverse(), last);
    return { text, requests, size, most, least };
  }

  function problemOf(model, set, { requests, size, most, least }) {
    if (!images) return null;
    const bytes = allowed.request + allowed.token * set.prompt + sumOf(data.bytes, size);
    const wide = data.longest_edge > limits.many_images_edge ? size : 0;
    const crossing = most > model.threshold && least <= model.threshold && set.images > 1 ? most : 0;
    const broken = [
      [size, model.max_images, "images", true],
      [wide, limits.many_images, `images with an edge over ${written(limits.many_images_edge)} px`, requests === 1],
      [most + set.output, model.context_window, "tokens, the context window", set.images === 1 || requests === 1],
      [bytes, limits.request_bytes, "bytes", false],
      [crossing, model.threshold, "input tokens, where the long-context price starts", false],
    ].find(([value, limit]) => limit !== null && value > limit);
    if (!broken) return null;
    const [, limit, what, certain] = broken;
    if (certain) return { short: "over a limit", problem: `Requests exceed the limit of ${written(limit)} ${what}.` };
    return { short: "run plan", problem: `Some requests may exceed ${written(limit)} ${what}; run: ${command(set)}` };
  }

  function command(set) {
    const options = [`-m ${set.model}`, `--images-per-request ${set.images}`, `--prompt-tokens ${set.prompt}`];
    options.push(`--output-tokens ${set.output}`);
    if (set.cache !== "none") options.push(`--prompt-cache ${set.cache}`);
    if (set.geo !== "global") options.push(`--inference-geo ${set.geo}`);
    if (set.batch) options.push("--batch");
    return `${data.command} ${options.join(" ")}`;
  }

  // Requests at the standard price, then those at the long-context price.
  function split(model, set, { text, requests, most }) {
    const pairs = data.tokens[model.rule];
    const isLong = (tokens) => model.threshold !== null && tokens > model.threshold;
    const single = set.images === 1; // then each image decides by itself
    const alone = (tokens) => isLong(text + model.overhead[0] + tokens);
    const firstIsLong = single ? alone(data.first[model.rule]) : isLong(most);
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
  const price = (counts, rates) => CLASSES.map((one) => (counts[one] ? BigInt(counts[one]) * BigInt(rates[one]) : 0n));

  function calculate(model, set) {
    const rates = model.rates[set.geo][Number(set.batch)];
    if (!rates || !model.caches.includes(set.cache)) return { short: "not offered", problem: "Not offered with these settings." };
    const found = bounds(model, set);
    const problem = problemOf(model, set, found);
    if (problem) return problem;
    const [standard, long] = split(model, set, found);
    const usual = price(standard.counts, rates[0]);
    const crossed = long.number ? price(long.counts, rates[1]) : CLASSES.map(() => 0n);
    return {
      requests: found.requests,
      long: long.number,
      counts: CLASSES.map((one) => standard.counts[one] + long.counts[one]),
      costs: CLASSES.map((one) => usual[one] + crossed[one]),
      usd: sum(usual) + sum(crossed),
      surcharge: sum(crossed) - (long.number ? sum(price(long.counts, rates[0])) : 0n),
    };
  }

  function exact(units) {
    const digits = units.toString().padStart(PLACES + 1, "0");
    return `${digits.slice(0, -PLACES)}.${digits.slice(-PLACES)}`.replace(/\.?0+$/, "");
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
      found.long && `${many(found.long, "request")} with more than ${many(model.threshold, "prompt token")}: the long-context price adds $${exact(found.surcharge)}.`,
      set.cache !== "none" && cached(),
      set.output > model.max_output && `This model answers with ${many(model.max_output, "token")} at most.`,
      measured.length && `Measured overhead, not published: ${measured.map(([number, what]) => `${many(number, "token")} per ${what}`).join(", ")}.`,
    ].filter(Boolean);
  }

  const form = byId("settings");
  function settings() {
    const { model, images, prompt, output, cache, geo, batch } = form.elements;
    const chosen = { model: model.value, cache: cache?.value ?? "none", geo: geo?.value ?? "global", batch: batch?.checked ?? false };
    return { ...chosen, images: images.valueAsNumber, prompt: prompt.valueAsNumber, output: output.valueAsNumber };
  }

  function show() {
    const wrong = [...form.elements].find((field) => !field.checkValidity());
    const problem = wrong && `${wrong.labels[0].textContent}: ${wrong.validationMessage}`;
    const set = settings();
    const results = models.map((model) => (problem ? { problem, short: "\u2013" } : calculate(model, { ...set, model: model.id })));
    const chosen = models.findIndex((model) => model.id === set.model);
    const found = results[chosen];
    const fine = !found.problem;
    byId("total").textContent = fine ? rounded(found.usd) : "No price";
    byId("exact").textContent = fine ? `Exactly $${exact(found.usd)}` : found.problem;
    byId("requests").textContent = fine ? `${many(images, "image")} in ${many(found.requests, "request")} to ${set.model}` : "";
    byId("classes").hidden = byId("notes").hidden = !fine;
    if (fine) {
      const items = notes(models[chosen], set, found).map((text) => Object.assign(document.createElement("li"), { textContent: text }));
      byId("notes").replaceChildren(...items);
      [...byId("classes").tBodies[0].rows].forEach(({ cells }, one) => {
        cells[1].textContent = written(found.counts[one]);
        cells[2].textContent = rounded(found.costs[one]);
        cells[2].title = `$${exact(found.costs[one])}`;
      });
    }
    const table = byId("model-rows");
    table.tHead.rows[0].lastElementChild.textContent = "whole job";
    [...table.tBodies[0].rows].forEach((row, place) => {
      const { problem, short, usd } = results[place];
      row.classList.toggle("chosen", place === chosen);
      row.lastElementChild.textContent = problem ? short : rounded(usd);
      row.lastElementChild.title = problem ?? `$${exact(usd)}`;
    });
  }

  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  byId("what-if").hidden = false;
  show();
})();
