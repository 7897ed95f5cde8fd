"""The `imgcost plan` command of a job, for reports that cannot calculate everything themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from imgcost.conditions import Conditions
    from imgcost.plans import Scenario

__all__ = ["fixed_options", "image_arguments", "plan_command"]


def image_arguments(sizes: Collection[tuple[int, int]] | None, images: int) -> str:
    """Return the arguments of the command that name the images.

    Args:
        sizes: Their sizes, px; None if there are too many.
        images: How many images there are.

    Returns:
        The size and its number if all images have one size; otherwise a placeholder.

    >>> image_arguments([(4000, 3000)], 7), image_arguments([(1, 1), (2, 2)], 7)
    ('4000x3000 --count 7', 'PATH')
    """
    if sizes is None or len(sizes) != 1:
        return "PATH"
    ((width, height),) = sizes
    return f"{width}x{height} --count {images}"


def fixed_options(conditions: Conditions, turns: int = 1) -> str:
    """Return the options that no setting of a report changes, with a space before each."""
    options = f" --turns {turns}" if turns > 1 else ""
    if conditions.platform != "claude-api":
        options += f" --platform {conditions.platform} --endpoint {conditions.endpoint}"
    if conditions.speed == "fast":
        options += " --fast"
    return f"{options} --as-of {conditions.as_of}"


def plan_command(
    scenario: Scenario, conditions: Conditions, model_id: str, sizes: Collection[tuple[int, int]] | None, images: int
) -> str:
    """Return the command that plans a job.

    Args:
        scenario: How the images are sent.
        conditions: The conditions of the job.
        model_id: The model.
        sizes: The sizes of the images, px; None if there are too many.
        images: How many images there are.

    Returns:
        The command.
    """
    options = [
        f"imgcost plan {image_arguments(sizes, images)}",
        f"--model {model_id}",
        f"--images-per-request {scenario.images_per_request}",
        f"--prompt-tokens {scenario.prompt_tokens}",
        f"--output-tokens {scenario.output_tokens}",
        f"--prompt-cache {conditions.cache}",
        *["--batch"] * conditions.batch,
        *["--inference-geo us"] * (conditions.inference_geo == "us"),
        *[f"--retry-rate {scenario.retry_rate.normalize():f}"] * bool(scenario.retry_rate),
    ]
    return " ".join(options) + fixed_options(conditions, scenario.turns)
