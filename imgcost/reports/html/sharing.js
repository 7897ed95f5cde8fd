// The settings in the fragment of the link, and the results as a CSV file.
const SHORTEST = 60; // characters of a setting that is shown in a note

function fields() {
  return [...form.elements].filter((field) => field.name);
}

function linkOf() {
  const link = new URLSearchParams();
  for (const field of fields()) {
    const value = field.type === "checkbox" ? (field.checked ? "1" : "0") : field.value;
    if (value !== "") link.set(field.name, value);
  }
  return `#${link}`;
}

// Set a field if it can have that value.
function accept(field, text) {
  if (field.type === "checkbox") {
    if (!/^[01]$/.test(text)) return false;
    field.checked = text === "1";
    return true;
  }
  if (field.type === "number" && !/^\d{1,15}(\.\d{1,15})?$/.test(text)) return false;
  if (field.localName === "select" && ![...field.options].some((option) => option.value === text)) return false;
  const before = field.value;
  field.value = text;
  if (field.checkValidity()) return true;
  field.value = before;
  return false;
}

// A link may come from anywhere: what the form does not have is not applied, and listed.
function readLink() {
  const hash = location.hash.slice(1);
  if (!hash.includes("=")) return; // a section of the page
  form.reset();
  ignored = [];
  const named = new Map(fields().map((field) => [field.name, field]));
  for (const [name, text] of new URLSearchParams(hash)) {
    const field = named.get(name);
    if (field && accept(field, text)) named.delete(name);
    else ignored.push(`${name}=${text}`.slice(0, SHORTEST));
  }
  ignored = ignored.slice(0, 5);
}

function updateLink() {
  const link = linkOf();
  byId("link").setAttribute("href", link);
  return link;
}

function keepLink() {
  ignored = [];
  show();
  try {
    history.replaceState(null, "", updateLink());
  } catch {
    // Some viewers do not allow it; the link is on the page.
  }
}

// A spreadsheet runs what begins like a formula.
function csvCell(value) {
  const text = String(value).replace(/^(?=[=+\-@\t\r\n])/, "'");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function csvRows() {
  const set = settings();
  const given = [set.count, set.images, set.prompt, set.output, set.cache, set.batch, set.geo];
  const downscale = set.downscale ? [set.downscale, set.unit] : ["", ""];
  const where = [data.sent.as_of, data.sent.platform, data.sent.endpoint, data.sent.speed, retryRate(set)];
  const head = ["model", "tier", "total_usd", "retries_usd", "images_usd", "visual_tokens", "requests", "long_context_requests"];
  head.push("input_tokens", "output_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "cache_read_tokens", "problem");
  head.push("images", "images_per_request", "prompt_tokens_per_request", "output_tokens_per_request", "prompt_cache", "batch");
  head.push("inference_geo", "downscale_to", "downscale_unit", "as_of", "platform", "endpoint", "speed", "retry_rate");
  const rows = [...byId("model-rows").children].map((row) => {
    const place = MODEL_ROWS.indexOf(row), found = shown[place], { id, tier } = models[place];
    const results = found.problem
      ? [...Array(11).fill(""), found.problem]
      : [exact(found.usd), exact(found.retries), exact(found.imagesUsd), found.visual, found.requests, found.long, ...found.counts, ""];
    return [id, tier, ...results, ...given, ...downscale, ...where];
  });
  return [head, ...rows];
}

function offerCsv() {
  const text = csvRows().map((row) => `${row.map(csvCell).join(",")}\r\n`).join("");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = "image-costs.csv";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

function start() {
  readLink();
  show();
  updateLink();
}

form.addEventListener("input", show);
form.addEventListener("change", keepLink);
form.addEventListener("submit", (event) => event.preventDefault());
byId("start").addEventListener("click", () => {
  form.reset();
  keepLink();
});
byId("csv").addEventListener("click", offerCsv);
addEventListener("hashchange", start);
form.hidden = byId("share").hidden = false;
start();
