"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("data").textContent);
  const { limits, allowed, places, models } = data;
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  // The columns are little-endian, and so is every machine with a browser.
  const tokens = data.tokens.map((text) => new Uint16Array(bytes(text).buffer));
  const textBytes = new Uint32Array(bytes(data.base64_bytes).buffer);
  const large = bytes(data.large);
  const CLASSES = [0, 1, 2, 3, 4]; // input, output, cache write for 5 minutes, for 1 hour, cache read
  const PLACES = 6 + places.rate + 2 * places.factor; // decimal places of a dollar, in which costs are whole numbers
  const ONE = [0, 1].map(() => 10 ** places.factor);
  const sum = (costs) => costs.reduce((all, cost) => all + cost, 0n);
  const written = (number) => number.toLocaleString("en-US", { useGrouping: "min2" }); // separators from five digits on
  const many = (number, one) => `${written(number)} ${one}${number === 1 ? "" : "s"}`;

  // Consecutive images into requests; of prompts and requests the first number is at the standard price, the second
  // at the one above the long-context threshold.
  function pack(model, set) {
    const { wrapping, framing, extra } = model.measured;
    const text = allowed.request + allowed.token * set.prompt;
    const column = tokens[model.tokens];
    const found = { prompts: [0, 0], requests: [0, 0], total: 0, images: 0, first: 0, problem: null };
    let count = 0, visual = 0, size = text, wide = false;
    const close = () => {
      const prompt = set.prompt + extra + framing + visual + wrapping * count;
      const kind = model.threshold !== null && prompt > model.threshold ? 1 : 0;
      const broken = [
        [count, model.max_images, "image", ""],
        [wide ? count : 0, limits.many_images, "image", `, for an edge is over ${limits.many_images_edge} px`],
        [size, limits.request_bytes, "byte", ""],
        [prompt + set.output, model.context_window, "token", ", the context window"],
      ].find(([value, limit]) => limit !== null && value > limit);
      if (!found.total) found.first = kind;
      found.total += 1;
      found.prompts[kind] += prompt;
      found.requests[kind] += 1;
      if (broken) {
        const [value, limit, what, why] = broken;
        found.problem = `Request ${written(found.total)} would have ${many(value, what)}: the limit is ${written(limit)}${why}.`;
      }
      count = visual = 0, size = text, wide = false;
    };
    for (let place = 0; place < column.length && !found.problem; place++) {
      const sent = textBytes[place] + allowed.image;
      if (limits.request_bytes !== null && sent + text > limits.request_bytes) continue; // no request may carry it
      found.images += 1;
      count += 1, visual += column[place], size += sent;
      wide ||= Boolean((large[place >> 3] >> (place & 7)) & 1);
      if (count === set.images) close();
    }
    if (count && !found.problem) close();
    return found;
  }

  // Tokens of each class, at each kind of price. What is cached is the standing prompt: the first request writes it,
  // all others read it, and a single one has nobody to write it for.
  function split(model, set, found) {
    const least = model.cache_minimum;
    const cached = set.cache !== "none" && found.total > 1 && set.prompt > 0 && least !== null && set.prompt >= least;
    return [0, 1].map((kind) => {
      const write = cached && found.first === kind ? set.prompt : 0;
      const read = cached ? found.requests[kind] * set.prompt - write : 0;
      const writes = set.cache === "1h" ? [0, write] : [write, 0];
      return [found.prompts[kind] - read - write, found.requests[kind] * set.output, ...writes, read];
    });
  }

  // Whole numbers only: no digit of a dollar is ever rounded.
  function price(model, set, counts, kind) {
    const factors = [set.batch ? model.batch : ONE, set.geo === "us" ? model.us : ONE];
    return CLASSES.map((one) => (counts[one] ? [counts[one], model.rates[kind][one], ...factors.map((all) => all[kind])] : [0]))
      .map((numbers) => numbers.reduce((product, number) => product * BigInt(number), 1n));
  }

  function calculate(model, set) {
    const write = { "5m": 2, "1h": 3 }[set.cache];
    const sold = (!set.batch || model.batch) && (set.geo !== "us" || model.us);
    if (!sold || (write && (model.rates[0][write] === null || model.rates[0][4] === null))) return { problem: "Not offered." };
    const found = pack(model, set);
    if (found.problem) return found;
    const [standard, long] = split(model, set, found);
    const crossing = price(model, set, long, found.requests[1] ? 1 : 0);
    const costs = price(model, set, standard, 0).map((cost, one) => cost + crossing[one]);
    const surcharge = sum(crossing) - sum(price(model, set, long, 0));
    return { ...found, counts: CLASSES.map((one) => standard[one] + long[one]), costs, usd: sum(costs), surcharge };
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
    const cents = near * 10n >= 10n ** BigInt(PLACES) ? part.padEnd(2, "0") : part;
    return `$${BigInt(whole).toLocaleString("en-US")}.${cents}`;
  }

  function notes(model, set, found) {
    const aside = data.set_aside + tokens[0].length - found.images;
    const { wrapping, framing, extra } = model.measured;
    const measured = [[wrapping, "an image"], [framing, "a message"], [extra, "a request with images"]].filter(([number]) => number);
    const cached = () => {
      if (found.counts[4]) return set.batch ? "All cache hits are assumed; in a batch they are best effort." : "Requests are assumed to follow each other while the cache lasts.";
      if (found.total < 2) return "Nothing is cached: a single request has nobody to read it again.";
      if (model.cache_minimum === null) return "Nothing is cached: the shortest prefix that this model caches is not known.";
      return `Nothing is cached: this model caches a prompt of ${many(model.cache_minimum, "token")} or more.`;
    };
    return [
      aside && `${many(aside, "image")} set aside: over a limit.`,
      found.requests[1] && `${many(found.requests[1], "request")} with more than ${many(model.threshold, "prompt token")}: the long-context price of every token there adds $${exact(found.surcharge)}.`,
      set.cache !== "none" && cached(),
      set.output > model.max_output && `This model answers with ${many(model.max_output, "token")} at most.`,
      measured.length && `Included, measured and not published: ${measured.map(([number, what]) => `${many(number, "token")} ${what}`).join(", ")}.`,
    ].filter(Boolean);
  }

  const form = byId("settings");
  function settings() {
    const { model, batch, cache, geo, prompt, output, images } = form.elements;
    const set = { model: model.value, batch: batch.checked, cache: cache.value, geo: geo.value };
    return { ...set, prompt: prompt.valueAsNumber, output: output.valueAsNumber, images: images.valueAsNumber };
  }

  function show() {
    const wrong = [...form.elements].find((field) => !field.checkValidity());
    const problem = wrong && `${wrong.labels[0].textContent}: ${wrong.validationMessage}`;
    const set = settings();
    const results = models.map((model) => (problem ? { problem } : calculate(model, set)));
    const chosen = models.findIndex((model) => model.id === set.model);
    const found = results[chosen];
    const fine = !found.problem;
    byId("total").textContent = fine ? rounded(found.usd) : "No price";
    byId("exact").textContent = fine ? `Exactly $${exact(found.usd)}` : found.problem;
    byId("requests").textContent = fine ? `${many(found.images, "image")} in ${many(found.total, "request")} to ${set.model}` : "";
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
    [...byId("models").tBodies[0].rows].forEach((row, place) => {
      const one = results[place];
      row.classList.toggle("chosen", place === chosen);
      const short = problem ? "\u2013" : one.problem === "Not offered." ? "not offered" : "over a limit";
      row.lastElementChild.textContent = one.problem ? short : rounded(one.usd);
      row.lastElementChild.title = one.problem ?? `$${exact(one.usd)}`;
    });
  }

  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  byId("what-if").hidden = false;
  show();
})();
