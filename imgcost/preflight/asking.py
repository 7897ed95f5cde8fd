"""Asking the rules: which models may answer, what holds that day, and what is found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from imgcost import geometry
from imgcost.arguments import take_choice, take_day, take_dollars
from imgcost.errors import ArgumentError, ImgcostError, NoPriceError, UnknownModelError
from imgcost.preflight.costs import Costs
from imgcost.preflight.findings import CheckedImage, Findings, Spools
from imgcost.preflight.seeing import see_block, see_document
from imgcost.preflight.sessions import TurnCost, turn_costs
from imgcost.rules import Bill, Case, RequestSeen, find_rule, rules_of
from imgcost.tables import advice_on, limits_on, platforms, resolve_model, today

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from imgcost.arguments import Dollars
    from imgcost.errors import RequestError
    from imgcost.messages import Request
    from imgcost.preflight.locations import Locator
    from imgcost.preflight.spools import Spool
    from imgcost.rules import Finding, ImageSeen, Scope
    from imgcost.shapes import History
    from imgcost.tables import Model, NamedModel, Platform

__all__ = ["DEFAULT_PLATFORM", "Inquiry"]

DEFAULT_PLATFORM: Platform = "claude-api"


class _Named(NamedTuple):
    """The models that may answer a request, and why not where they may not."""

    models: tuple[NamedModel, ...]
    problem: str | None


class Inquiry:
    """One check: what is asked of images and requests, and what has been found so far.

    Args:
        platform: Where it will be sent; None for where the shape of each request says, or the Claude API.
        as_of: The day; today if None.
        ignore: Names of rules that are not to be asked.
        budget_usd: What all of it may cost, US dollars.
        spools: Where findings and images are kept instead of in memory; None for tuples of them.

    Raises:
        NoPriceError: Nothing is known of the platform on that day.
        ImgcostError: A rule to be ignored does not exist.
        ArgumentError: The platform, the day, the rules or the budget are of another kind.
    """

    def __init__(
        self,
        platform: Platform | None,
        as_of: date | None,
        ignore: Iterable[str] = (),
        budget_usd: Dollars | None = None,
        spools: Spools | None = None,
    ) -> None:
        """Settle what holds."""
        if platform is not None:
            take_choice("platform", platform, platforms())
        self.day = take_day(as_of) or today()
        self.platform: Platform = platform or DEFAULT_PLATFORM
        self._given = platform
        self._budget_usd = take_dollars("budget_usd", budget_usd)
        self._limits = limits_on(self.platform, self.day)
        self._advice = advice_on(self.day)
        self._ignored = frozenset(find_rule(name).name for name in _rule_names(ignore))
        self._named: dict[tuple[Platform, tuple[str, ...]], _Named] = {}
        self._notes: dict[str, None] = {}
        self._turns: list[TurnCost] = []
        self._spools = spools
        self._found: list[Finding] | Spool[Finding] = spools.found if spools else []
        self._images: list[CheckedImage] | Spool[CheckedImage] = spools.images if spools else []
        self._costs = Costs(self.day, self.platform)

    def note(self, text: str) -> None:
        """Keep something that a reader should know, once."""
        self._notes[text] = None

    def assume_platform(self, platform: Platform | None) -> None:
        """Check what follows for the platform that a shape is for, unless the caller named one."""
        platform = self._given or platform or DEFAULT_PLATFORM
        if platform != self.platform:
            self.platform = self._costs.platform = platform
            self._limits = limits_on(platform, self.day)

    def case(self, *models: NamedModel) -> Case:
        """What applies to these models."""
        return Case(self.platform, self.day, self._limits, self._advice, tuple(one.model for one in models))

    def ask(self, scope: Scope, about: Any, case: Case, locator: Locator | None = None) -> None:
        """Ask all rules of a scope, and keep what they find."""
        for found in self._answers(scope, about, case):
            self._found.append(locator.relocated(found) if locator else found)

    def _answers(self, scope: Scope, about: Any, case: Case) -> Iterator[Finding]:
        for rule in rules_of(scope):
            if rule.name not in self._ignored:
                yield from rule.ask(about, case)

    def ask_images(self, seen: Iterable[ImageSeen], model: NamedModel, *, one_request: bool) -> None:
        """Check images by themselves, and count them; then as one request, if they are to be sent as one."""
        case = self.case(model)
        together = []
        tokens = 0
        for image in seen:
            for found in self._answers("image", image, case):
                self._found.append(found._replace(file=image.file))
            if not image.stray:
                tokens += self._count(image, case)
                if one_request:  # of a folder of millions nothing else is kept
                    together.append(image)
        self._costs.add(tokens, model, "all images", alone=one_request)
        if one_request:
            self._ask_together(together, model)

    def ask_request(self, request: Request, model: str | None, locator: Locator, *, batch: bool = False) -> None:
        """Ask about a request and all that is in it.

        Args:
            request: The request.
            model: The model to be asked instead of the one that the request names.
            locator: Where the request is.
            batch: Whether it goes through the Message Batches API, at its price.
        """
        names = (model,) if model else ((request.model,) if request.model else ()) + request.fallbacks
        named = self._find_models(names)
        case = self.case(*named.models)
        images = tuple(see_block(block) for block in request.blocks if block.kind == "image")
        documents = tuple(see_document(block) for block in request.blocks if block.kind == "document")
        tokens = sum([self._count(image, case, locator) for image in images])
        seen = RequestSeen(
            "", names[0] if names else None, named.problem, images, documents, request.turns, request.body_bytes, tokens
        )
        abouts: list[tuple[Scope, Iterable[Any]]] = [
            ("request", [seen]),
            ("image", images),
            ("document", documents),
            ("turn", request.turns),
        ]
        for scope, each in abouts:
            for about in each:
                self.ask(scope, about, case, locator)
        for document in documents:
            self._costs.see_document(document._replace(place=locator.location(document.place)))
        text_bytes = request.body_bytes - sum(image.text_bytes or 0 for image in images)
        priced = named.models[0] if named.models else None
        if images:
            place = locator.location() or "the request"
            self._costs.add(tokens, priced, place, text_bytes=text_bytes, batch=batch)

    def _ask_together(self, images: Iterable[ImageSeen], model: NamedModel) -> None:
        """Ask about images as one request that holds nothing else."""
        kept = tuple(images)
        tokens = sum(one.tokens or 0 for one in self._images)
        size = sum(image.text_bytes or 0 for image in kept)
        seen = RequestSeen("", model.model.id, None, kept, (), (), size, tokens)
        files = {image.place: image.file for image in kept}
        for found in self._answers("request", seen, self.case(model)):
            self._found.append(found._replace(file=files.get(found.place)))

    def add_session(self, history: History, locator: Locator) -> None:
        """Add what the images of a session have cost so far."""
        self._turns += turn_costs(history, locator, self._costs, self.day)

    def refuse(self, problem: RequestError, locator: Locator) -> None:
        """Keep that something is not a request."""
        line = locator.line()
        problem.place = locator.absolute(problem.place, line) or "request"
        for found in self._answers("shape", problem, self.case()):
            self._found.append(found._replace(file=locator.file, line=line))

    def findings(self) -> Findings:
        """Tell all that was found."""
        costs = self._costs
        if self._budget_usd is not None:
            gaps = costs.unknown + costs.unread
            bill = Bill("all images", costs.known_usd, costs.most_usd, self._budget_usd, gaps)
            self.ask("bill", bill, self.case())
        spools = self._spools
        return Findings(
            spools.found if spools else tuple(self._found),
            spools.images if spools else tuple(self._images),
            None if costs.unknown else costs.known_usd,
            self.platform,
            self.day,
            costs.known_usd,
            costs.unknown,
            (*self._notes, *costs.notes),
            tuple(self._turns),
        )

    def find_model(self, name: str) -> NamedModel:
        """Find the one model that images are to be checked for.

        Raises:
            UnknownModelError: No table lists the name.
            NoPriceError: It does not read images yet on that date.
            ImgcostError: It is retired on that date.
        """
        found = resolve_model(name, as_of=self.day)
        if self.day < found.model.vision_from:
            raise NoPriceError(found.model.id, self.day, found.model.vision_from, kind="model")
        if problem := self._why_not(found.model):
            raise ImgcostError(f"nothing can be sent: {problem}")
        return found

    def _find_models(self, names: tuple[str, ...]) -> _Named:
        key = self.platform, names
        if key not in self._named:
            self._named[key] = self._look_up(names)
        return self._named[key]

    def _look_up(self, names: tuple[str, ...]) -> _Named:
        if not names:
            return _Named((), "the request names no model")
        models, problems = [], []
        for name in names:
            try:
                found = resolve_model(name, as_of=self.day)
            except (UnknownModelError, NoPriceError) as error:
                problems.append(str(error))
                continue
            models.append(found)
            problems += filter(None, [self._why_not(found.model)])
        return _Named(tuple(models), "; ".join(problems) or None)

    def _why_not(self, model: Model) -> str | None:
        """Why a model does not answer on the day; None where it does."""
        if model.status_on(self.day, self.platform) == "retired":
            return f"{model.id} retired on {model.retires_on(self.platform)}"
        if self.day < model.vision_from:
            return f"{model.id} reads images from {model.vision_from} on"
        return None

    def _count(self, image: ImageSeen, case: Case, locator: Locator | None = None) -> int:
        """Measure an image for the model that is asked first."""
        if locator:
            image = image._replace(place=locator.location(image.place))
        header = image.contents and image.contents.header
        model = case.models[0] if case.models else None
        if not header or not (model and model.tier):
            self._costs.see_image(image, model)
            known = (header.media_type or None, header.width, header.height) if header else ()
            self._images.append(CheckedImage(image.place, *known))
            return 0
        size = header.width, header.height
        tokens = geometry.image_tokens(*size, model.tier, model.formula)
        resized = geometry.resized_size(*size, model.tier)
        self._images.append(CheckedImage(image.place, header.media_type or None, *size, *resized, tokens))
        return tokens


def _rule_names(ignore: Any) -> list[str]:
    names = [ignore] if isinstance(ignore, str) else ignore
    try:
        found = list(names)
    except TypeError:
        raise ArgumentError("ignore", ignore, "names of rules, such as 'downscaled'") from None
    for name in found:
        if not isinstance(name, str):
            raise ArgumentError("ignore", name, "names of rules, such as 'downscaled'")
    return found
