"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("data").textContent);
  const { limits, allowed, places } = data;
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  // The columns are little-endian, and so is every machine with a browser.
  const tokens = data.tokens.map((text) => new Uint16Array(bytes(text).buffer));
  const textBytes = new Uint32Array(bytes(data.base64_bytes).buffer);
  const large = bytes(data.large);
  const CLASSES = ["Input", "Output", "Cache write, 5 minutes", "Cache write, 1 hour", "Cache read"];
  const PLACES = 6 + places.rate + 2 * places.factor; // of a dollar, in which costs are whole numbers
  const ONE = 10 ** places.factor;
  const many = (count, one) => `${count.toLocaleString("en-US")} ${one}${count === 1 ? "" : "s"}`;

  // Consecutive images into requests. Kind 0 is the standard price, 1 the one above the long-context threshold.
  function pack(model, set) {
    const text = allowed.request + allowed.token * set.prompt;
    const { wrapping, framing, extra } = model.measured;
    const column = tokens[model.tokens];
    const found = { prompts: [0, 0], requests: [0, 0], images: 0, first: 0, problem: null };
    let count = 0, visual = 0, size = text, wide = false;
    const close = () => {
      const prompt = set.prompt + extra + framing + visual + wrapping * count;
      const over = (what, value, limit) =>
        `Request ${found.requests[0] + found.requests[1] + 1} would have ${many(value, what)}; the limit is ${limit.toLocaleString("en-US")}.`;
      if (count > (model.max_images ?? Infinity)) found.problem = over("image", count, model.max_images);
      else if (wide && count > (limits.many_images ?? Infinity))
        found.problem = `${over("image", count, limits.many_images)} More are allowed where no edge is over ${limits.many_images_edge} px.`;
      else if (size > (limits.request_bytes ?? Infinity)) found.problem = over("byte", size, limits.request_bytes);
      else if (prompt + set.output > model.context_window)
        found.problem = over("token", prompt + set.output, model.context_window) + " That is the context window.";
      const kind = Number(prompt > (model.threshold ?? Infinity));
      if (found.requests[0] + found.requests[1] === 0) found.first = kind;
      found.prompts[kind] += prompt;
      found.requests[kind] += 1;
      count = visual = 0, size = text, wide = false;
    };
    for (let place = 0; place < column.length && !found.problem; place++) {
      const sent = textBytes[place] && textBytes[place] + allowed.image;
      if (sent && sent + text > (limits.request_bytes ?? Infinity)) continue; // no request may carry it
      found.images += 1;
      count += 1, visual += column[place], size += sent;
      wide ||= Boolean((large[place >> 3] >> (place & 7)) & 1);
      if (count === set.images) close();
    }
    if (count && !found.problem) close();
    return found;
  }

  // Tokens of each class at each kind of price. With one turn a request, what is cached is the standing prompt:
  // the first request writes it, all others read it, and a single one has nobody to write it for.
  function split(model, set, found) {
    const requests = found.requests[0] + found.requests[1];
    const cached = set.cache !== "none" && requests > 1 && set.prompt > 0 && set.prompt >= (model.cache_minimum ?? Infinity);
    return [0, 1].map((kind) => {
      const first = Number(cached && found.first === kind);
      const read = cached ? (found.requests[kind] - first) * set.prompt : 0;
      const write = first * set.prompt;
      const writes = set.cache === "1h" ? [0, write] : [write, 0];
      return [found.prompts[kind] - read - write, found.requests[kind] * set.output, ...writes, read];
    });
  }

  // Whole numbers only: no digit of a dollar is ever rounded.
  function price(model, set, splits, rateOf = (kind) => kind) {
    return CLASSES.map((_, place) =>
      splits.reduce((sum, counts, kind) => {
        if (!counts[place]) return sum;
        const factors = [set.batch ? model.batch : null, set.geo === "us" ? model.us : null];
        const rate = model.rates[rateOf(kind)][place];
        return factors.reduce((cost, factor) => cost * BigInt(factor ? factor[rateOf(kind)] : ONE), BigInt(counts[place]) * BigInt(rate)) + sum;
      }, 0n));
  }

  function calculate(model, set) {
    const cache = { "5m": 2, "1h": 3 }[set.cache];
    const sold = [!set.batch || model.batch, set.geo !== "us" || model.us,
      !cache || (model.rates[0][cache] !== null && model.rates[0][4] !== null)];
    if (!sold.every(Boolean)) return { problem: "not offered" };
    const found = pack(model, set);
    if (found.problem) return found;
    const splits = split(model, set, found);
    const costs = price(model, set, splits);
    const usd = costs.reduce((sum, cost) => sum + cost, 0n);
    const long = [[0, 0, 0, 0, 0], splits[1]];
    const more = [price(model, set, long), price(model, set, long, () => 0)].map((all) => all.reduce((a, b) => a + b, 0n));
    return { ...found, counts: CLASSES.map((_, place) => splits[0][place] + splits[1][place]), costs, usd, surcharge: more[0] - more[1] };
  }

  function exact(units) {
    const digits = units.toString().padStart(PLACES + 1, "0");
    return `${digits.slice(0, -PLACES)}.${digits.slice(-PLACES)}`.replace(/\.?0+$/, "");
  }

  // To the cent, and below ten cents to two figures.
  function rounded(units) {
    if (!units) return "$0";
    const leading = units.toString().length - 1 - PLACES;
    const last = Math.min(leading >= -1 ? -2 : leading - 1, 0);
    const step = 10n ** BigInt(Math.max(PLACES + last, 0));
    const near = ((units + step / 2n) / step) * step;
    const [whole, part = ""] = exact(near).split(".");
    const cents = near * 10n >= 10n ** BigInt(PLACES) ? part.padEnd(2, "0") : part;
    return `$${BigInt(whole).toLocaleString("en-US")}${cents && `.${cents}`}`;
  }

  function notes(model, set, found) {
    const requests = found.requests[0] + found.requests[1];
    const said = [];
    const aside = data.set_aside + tokens[0].length - found.images;
    if (aside) said.push(`${many(aside, "image")} set aside: no request may carry ${aside === 1 ? "it" : "them"}.`);
    if (found.requests[1])
      said.push(`${many(found.requests[1], "request")} of ${requests.toLocaleString("en-US")} with more than ${many(model.threshold, "prompt token")}: every token there has the long-context price, which adds $${exact(found.surcharge)}.`);
    if (set.cache !== "none") {
      if (found.counts[4]) said.push(set.batch ? "Cache hits in a batch are best effort; all are assumed." : "Requests are assumed to follow each other within the cache's lifetime.");
      else if (requests < 2) said.push("Nothing is cached: a single request has nobody to read it again.");
      else if (model.cache_minimum === null) said.push("Nothing is cached: the shortest prefix that this model caches is not known.");
      else said.push(`Nothing is cached: this model caches a prompt of ${many(model.cache_minimum, "token")} or more.`);
    }
    if (set.output > model.max_output) said.push(`This model answers with ${many(model.max_output, "token")} at most.`);
    const { wrapping, framing, extra } = model.measured;
    const measured = [wrapping && `${wrapping} to wrap an image`, framing && `${framing} to frame a message`, extra && `${extra} a request with images`].filter(Boolean);
    if (measured.length) said.push(`Included, measured and not published: tokens, ${measured.join(", ")}.`);
    return said;
  }

  const form = byId("settings");
  function read() {
    const wrong = [...form.elements].find((field) => !field.checkValidity());
    if (wrong) return { wrong: `${wrong.labels[0].textContent.trim()}: ${wrong.validationMessage}` };
    const number = (name) => form.elements[name].valueAsNumber;
    return {
      model: form.elements.model.value, batch: form.elements.batch.checked, cache: form.elements.cache.value,
      geo: form.elements.geo.value, prompt: number("prompt"), output: number("output"), images: number("images"),
    };
  }

  function show() {
    const set = read();
    const results = data.models.map((model) => (set.wrong ? { problem: set.wrong } : calculate(model, set)));
    const place = Math.max(data.models.findIndex((model) => model.id === set.model), 0);
    const found = results[place];
    byId("total").textContent = found.problem ? "No price" : rounded(found.usd);
    byId("exact").textContent = found.problem ?? `Exactly $${exact(found.usd)}`;
    byId("exact").dataset.usd = found.problem ? "" : exact(found.usd);
    byId("requests").textContent = found.problem ? "" : `${many(found.images, "image")} in ${many(found.requests[0] + found.requests[1], "request")} to ${set.model}`;
    byId("notes").replaceChildren(...(found.problem ? [] : notes(data.models[place], set, found)).map((text) => Object.assign(document.createElement("li"), { textContent: text })));
    byId("classes").hidden = Boolean(found.problem);
    document.querySelectorAll("#classes tbody tr").forEach((row, at) => {
      row.cells[1].textContent = found.problem ? "" : found.counts[at].toLocaleString("en-US");
      row.cells[2].textContent = found.problem ? "" : rounded(found.costs[at]);
      row.cells[2].title = found.problem ? "" : `$${exact(found.costs[at])}`;
    });
    document.querySelectorAll("#everywhere tbody tr").forEach((row, at) => {
      const { problem, usd } = results[at];
      row.classList.toggle("chosen", at === place);
      row.cells[2].textContent = set.wrong ? "\u2013" : problem === "not offered" ? problem : problem ? "over a limit" : rounded(usd);
      row.cells[2].title = problem ?? `$${exact(usd)}`;
    });
  }

  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  byId("what-if").hidden = false;
  show();
})();
