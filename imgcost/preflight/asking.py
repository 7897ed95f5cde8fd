"""Asking the rules: which models may answer, what holds that day, and what is found."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from imgcost import geometry
from imgcost.errors import ImgcostError, NoPriceError, UnknownModelError
from imgcost.estimates import terms
from imgcost.preflight.findings import CheckedImage, Findings, Spools
from imgcost.preflight.seeing import see_block, see_document
from imgcost.prices import total_usd
from imgcost.rules import Bill, Case, RequestSeen, find_rule, rules_of
from imgcost.tables import advice_on, find_model, limits_on, today

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date
    from decimal import Decimal

    from imgcost.errors import RequestError
    from imgcost.messages import Request
    from imgcost.preflight.spools import Spool
    from imgcost.rules import Finding, ImageSeen, Scope
    from imgcost.tables import Model, Platform

__all__ = ["Inquiry"]


class _Named(NamedTuple):
    """The models that may answer a request, and why not where they may not."""

    models: tuple[Model, ...]
    problem: str | None


class Inquiry:
    """One check: what is asked of images and requests, and what has been found so far.

    Args:
        platform: Where it will be sent.
        as_of: The day; today if None.
        ignore: Names of rules that are not to be asked.
        spools: Where findings and images are kept instead of in memory; None for tuples of them.

    Raises:
        NoPriceError: Nothing is known of the platform on that day.
        ImgcostError: A rule to be ignored does not exist.
    """

    def __init__(
        self, platform: Platform, as_of: date | None, ignore: Iterable[str] = (), spools: Spools | None = None
    ) -> None:
        """Settle what holds."""
        day = as_of or today()
        self.day = day.date() if isinstance(day, datetime) else day
        self.platform = platform
        self._limits = limits_on(platform, self.day)
        self._advice = advice_on(self.day)
        self._ignored = frozenset(find_rule(name).name for name in ([ignore] if isinstance(ignore, str) else ignore))
        self._named: dict[tuple[str, ...], _Named] = {}
        self._spools = spools
        self._found: list[Finding] | Spool[Finding] = spools.found if spools else []
        self._images: list[CheckedImage] | Spool[CheckedImage] = spools.images if spools else []
        self._costs: list[Decimal | None] = []

    def case(self, *models: Model) -> Case:
        """What holds for these models."""
        return Case(self.platform, self.day, self._limits, self._advice, models)

    def ask(self, scope: Scope, about: Any, case: Case, file: str | None = None, line: int | None = None) -> None:
        """Ask all rules of a scope, and keep what they find."""
        for found in self._answers(scope, about, case):
            self._found.append(found._replace(file=file, line=line) if file else found)

    def _answers(self, scope: Scope, about: Any, case: Case) -> Iterator[Finding]:
        for rule in rules_of(scope):
            if rule.name not in self._ignored:
                yield from rule.ask(about, case)

    def ask_images(self, seen: Iterable[ImageSeen], model: Model, *, one_request: bool) -> None:
        """Ask about images that stand for themselves, and count them; then as one request, if they are to be sent so."""
        case = self.case(model)
        together = []
        tokens = 0
        for image in seen:
            self.ask("image", image, case, image.file)
            if not image.stray:
                tokens += self._count(image, case)
                if one_request:  # of a folder of millions nothing else is kept
                    together.append(image)
        self._pay(tokens, case)
        if one_request:
            self._ask_together(together, model)

    def ask_request(
        self,
        request: Request,
        model: str | None = None,
        place: str = "",
        file: str | None = None,
        line: int | None = None,
        *,
        batch: bool = False,
    ) -> None:
        """Ask about a request and all that is in it.

        Args:
            request: The request.
            model: The model to be asked instead of the one that the request names.
            place: What stands before every place in it.
            file: The file that it stands in.
            line: Its line there.
            batch: Whether it goes through the Message Batches API, at its price.
        """
        names = (model,) if model else ((request.model,) if request.model else ()) + request.fallbacks
        named = self._find_models(names)
        case = self.case(*named.models)
        blocks = [block._replace(place=place + block.place) for block in request.blocks]
        images = tuple(see_block(block) for block in blocks if block.kind == "image")
        documents = tuple(see_document(block) for block in blocks if block.kind == "document")
        turns = tuple(turn._replace(place=place + turn.place) for turn in request.turns)
        tokens = sum([self._count(image, case) for image in images])
        seen = RequestSeen(
            place, names[0] if names else None, named.problem, images, documents, turns, request.body_bytes, tokens
        )
        abouts: list[tuple[Scope, Iterable[Any]]] = [
            ("request", [seen]),
            ("image", images),
            ("document", documents),
            ("turn", turns),
        ]
        for scope, each in abouts:
            for about in each:
                self.ask(scope, about, case, file, line)
        self._pay(tokens, case, batch)

    def _ask_together(self, images: Iterable[ImageSeen], model: Model) -> None:
        """Ask about images as one request that holds nothing else."""
        kept = tuple(images)
        tokens = sum(one.tokens or 0 for one in self._images)
        size = sum(image.text_bytes or 0 for image in kept)
        seen = RequestSeen("", model.id, None, kept, (), (), size, tokens)
        files = {image.place: image.file for image in kept}
        for found in self._answers("request", seen, self.case(model)):
            self._found.append(found._replace(file=files.get(found.place)))

    def refuse(self, problem: RequestError, place: str, file: str | None, line: int | None = None) -> None:
        """Keep that something is no request at all."""
        problem.place = (place + problem.place).rstrip() or "request"
        self.ask("shape", problem, self.case(), file, line)

    def findings(self, budget_usd: Decimal | None = None) -> Findings:
        """Tell all that was found."""
        known = [cost for cost in self._costs if cost is not None]
        input_usd = total_usd(known) if len(known) == len(self._costs) else None
        if budget_usd is not None:
            self.ask("bill", Bill("all images", input_usd, budget_usd), self.case())
        if self._spools:
            return Findings(*self._spools, input_usd, self.platform, self.day)
        return Findings(tuple(self._found), tuple(self._images), input_usd, self.platform, self.day)

    def find_model(self, name: str) -> Model:
        """Find the one model that images are to be checked for.

        Raises:
            UnknownModelError: No table lists the name.
            NoPriceError: It does not answer on that day.
        """
        found = find_model(name, as_of=self.day)
        problem = self._why_not(found)
        if problem:
            raise NoPriceError(found.id, self.day, found.vision_from, kind="model")
        return found

    def _find_models(self, names: tuple[str, ...]) -> _Named:
        if names not in self._named:
            self._named[names] = self._look_up(names)
        return self._named[names]

    def _look_up(self, names: tuple[str, ...]) -> _Named:
        if not names:
            return _Named((), "the request names no model")
        models, problems = [], []
        for name in names:
            try:
                found = find_model(name, as_of=self.day)
            except (UnknownModelError, NoPriceError) as error:
                problems.append(str(error))
                continue
            models.append(found)
            problems += filter(None, [self._why_not(found)])
        return _Named(tuple(models), "; ".join(problems) or None)

    def _why_not(self, model: Model) -> str | None:
        """Why a model does not answer on the day; None where it does."""
        if model.status_on(self.day) == "retired":
            return f"{model.id} retired on {model.retires}"
        if self.day < model.vision_from:
            return f"{model.id} reads images from {model.vision_from} on"
        return None

    def _count(self, image: ImageSeen, case: Case) -> int:
        """Measure an image for the model that is asked first."""
        header = image.contents and image.contents.header
        if not header:
            self._images.append(CheckedImage(image.place))
            return 0
        size = header.width, header.height
        if not (case.models and case.models[0].tier):
            self._costs.append(None)  # unknown, and never nothing
            self._images.append(CheckedImage(image.place, header.media_type, *size))
            return 0
        tier, formula = case.models[0].tier, case.models[0].formula
        tokens = geometry.image_tokens(*size, tier, formula)
        resized = geometry.resized_size(*size, tier)
        self._images.append(CheckedImage(image.place, header.media_type, *size, *resized, tokens))
        return tokens

    def _pay(self, tokens: int, case: Case, batch: bool = False) -> None:
        if not tokens:
            return
        try:
            self._costs.append(terms(case.models[0], as_of=self.day, batch=batch).cost_usd(tokens))
        except ImgcostError:
            self._costs.append(None)
