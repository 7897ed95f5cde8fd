"""Plans of a million images on all active models, compared with a loop that packs and prices one image at a time.

python benchmarks/plans.py [--images 1000000] [--rounds 5]

Times are CPU seconds of one thread, medians over rounds. The loop runs for a sample and one model, and its time per
image and model is extrapolated. Both must agree on the sample before anything is timed. Memory is the peak that Python
and numpy allocate, without the input.
"""

from __future__ import annotations

import argparse
import time
import tracemalloc
from datetime import date
from decimal import Decimal
from statistics import median

import numpy as np

from imgcost import geometry, plan, tables
from imgcost.plans import Repeated

DAY = date(2026, 11, 22)
SAMPLE = 50_000
PROMPT, OUTPUT = 2000, 300
JOBS = {
    "packed": {},
    "one image per request": {"images_per_request": 1},
    "prompts cached": {"cache": "5m"},
    "five turns, cached": {"turns": 5, "cache": "1h"},
}


def loop(sizes, model):
    """Pack requests greedily, image by image, for one model, as users would write it."""
    tier, window = model.tier, model.context_window
    limits = tables.limits_on("claude-api", DAY)
    most, rates = limits.max_images(window), tables.price_on(model, DAY).rates
    overhead = tables.find_measured("image-wrapping-tokens", model, DAY).value
    framing = tables.find_measured("message-framing-tokens", model, DAY)
    text = PROMPT + (framing.value if framing else 0)
    requests, images, large, tokens, total = 0, 0, False, 0, 0
    for width, height in sizes:
        count = geometry.image_tokens(width, height, tier) + overhead
        larger = large or max(width, height) > limits.many_images_edge
        full = images == most or (images >= limits.many_images and larger) or tokens + count + text + OUTPUT > window
        if images and full:
            requests, total = requests + 1, total + tokens + text
            images, tokens, larger = 0, 0, max(width, height) > limits.many_images_edge
        images, tokens, large = images + 1, tokens + count, larger
    requests, total = requests + 1, total + tokens + text
    return requests, (total * rates.input + requests * OUTPUT * rates.output) / Decimal(10**6)


def timed(function, *arguments, **keywords):
    start = time.process_time()
    result = function(*arguments, **keywords)
    return time.process_time() - start, result


def peak(images, **keywords):
    tracemalloc.start()
    try:
        plan(images, **keywords)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    models = [model.id for model in tables.models() if model.status_on(DAY) == "active"]
    conditions = {"as_of": DAY, "prompt_tokens": PROMPT, "output_tokens": OUTPUT, "images_per_request": "auto"}
    sizes = np.random.default_rng(28).integers(100, 4000, (options.images, 2), np.int32)
    sample = [tuple(size) for size in sizes[:SAMPLE].tolist()]
    model = tables.find_model("claude-sonnet-4-6")
    [result] = plan(sizes[:SAMPLE], models=model, **conditions)
    assert (result.requests, result.total_usd) == loop(sample, model)
    print(f"{options.images:,} images, {len(models)} models, {options.rounds} rounds")
    print("job                        seconds  loop/plan  peak MB")
    for name, settings in JOBS.items():
        seconds, ratios = [], []
        for _ in range(options.rounds):
            slow = timed(loop, sample, model)[0] / len(sample) * options.images * len(models)
            seconds.append(timed(plan, sizes, models=models, **(conditions | settings))[0])
            ratios.append(slow / seconds[-1])
        memory = peak(sizes, models=models, **(conditions | settings)) / 1e6
        print(f"{name:25} {median(seconds):8.2f} {median(ratios):9.0f}x {memory:8.0f}", flush=True)
    huge = {
        count: timed(plan, Repeated(3000, 3000, count), models=models, **conditions)[0] for count in (10**5, 10**15)
    }
    print("one size, " + "; ".join(f"{count:,} times: {seconds:.2f} s" for count, seconds in huge.items()))


if __name__ == "__main__":
    main()
